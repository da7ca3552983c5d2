package io.statebridge.endtoend;

import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_CREATED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_DELETED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_STARTED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_STOPPED_EVENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.StatusRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The container events of a pod, beside those of a real containerd's CRI plugin. */
final class CriEventsOnRealIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final List<ContainerEventType> WHOLE_LIFE =
      List.of(
          CONTAINER_CREATED_EVENT,
          CONTAINER_STARTED_EVENT,
          CONTAINER_STOPPED_EVENT,
          CONTAINER_DELETED_EVENT);

  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  @Test
  void aPodsLifeIsToldAsThePluginTellsItAndAlsoWhatThePluginDoesNotSee() {
    CriPods pods = containerd.pods();
    try (UnixChannel channel = statebridge.connect()) {
      CriEvents ours = CriEvents.of(channel).awaitSubscribed().read();
      CriEvents theirsBefore = CriEvents.of(pods.channel()).read();
      CriPods.Pod pod = pods.run("told");
      String early = pods.runUntilTold(pod, "early").id();
      String meanwhile = pods.runUntilTold(pod, "meanwhile").id();
      String late = pods.runUntilTold(pod, "late").id();
      String never = pods.create(pod, "never").id();
      pods.tell("early", 7);
      awaitEvent(ours, early, CONTAINER_STOPPED_EVENT);
      boolean tells = tellsEvents(theirsBefore, early);
      await().until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == 3);

      containerd.stop();
      pods.tell("meanwhile", 9);
      awaitEvent(ours, meanwhile, CONTAINER_STOPPED_EVENT);
      containerd.start();
      statebridge.awaitInSync();
      awaitReady(pods);
      CriEvents theirsAfter = CriEvents.of(pods.channel()).read();
      pods.remove(pod);
      awaitEvent(ours, pod.id(), CONTAINER_DELETED_EVENT);

      for (String id : List.of(pod.id(), early, meanwhile, late)) {
        assertThat(ours.types(id)).isEqualTo(WHOLE_LIFE);
      }
      assertThat(ours.types(never))
          .containsExactly(CONTAINER_CREATED_EVENT, CONTAINER_DELETED_EVENT);
      assertThat(ours.end()).isEmpty();
      assertThat(ours.events())
          .extracting(event -> event.getPodSandboxStatus().getMetadata())
          .containsOnly(pod.config().getMetadata());
      assertThat(lastWords(ours, early).getExitCode()).isEqualTo(7);
      assertThat(lastWords(ours, meanwhile).getExitCode()).isEqualTo(9);
      assertThat(lastWords(ours, late).getExitCode()).isEqualTo(137);
      if (tells) {
        awaitEvent(theirsAfter, pod.id(), CONTAINER_DELETED_EVENT);
        for (String id : List.of(pod.id(), early, meanwhile, late, never)) {
          List<ContainerEventType> theirs = new ArrayList<>(theirsBefore.types(id));
          theirs.addAll(theirsAfter.types(id));
          List<ContainerEventType> missed =
              id.equals(meanwhile) ? List.of(CONTAINER_STOPPED_EVENT) : List.of();
          assertThat(theirs).as(id).isEqualTo(without(missed, ours.types(id)));
        }
      }
    }
  }

  private static List<ContainerEventType> without(
      List<ContainerEventType> some, List<ContainerEventType> all) {
    return all.stream().filter(type -> !some.contains(type)).toList();
  }

  private static void awaitEvent(CriEvents events, String id, ContainerEventType type) {
    await(type + " of " + id).atMost(PATIENCE).until(() -> events.types(id).contains(type));
  }

  /** From 1.7 on the plugin does. */
  private static boolean tellsEvents(CriEvents theirs, String stopped) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                theirs.end().isPresent()
                    || theirs.types(stopped).contains(CONTAINER_STOPPED_EVENT));
    theirs.end().ifPresent(end -> assertThat(end.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
    return theirs.end().isEmpty();
  }

  /** The plugin reads what it had when containerd serves already. */
  private static void awaitReady(CriPods pods) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                pods
                    .stub()
                    .status(StatusRequest.getDefaultInstance())
                    .getStatus()
                    .getConditionsList()
                    .stream()
                    .anyMatch(c -> c.getType().equals("RuntimeReady") && c.getStatus()));
  }

  /** Its status as the last event of it tells it. */
  private static ContainerStatus lastWords(CriEvents events, String id) {
    ContainerEventResponse last = events.events(id).getLast();
    ContainerStatus status =
        last.getContainersStatusesList().stream()
            .filter(s -> s.getId().equals(id))
            .findFirst()
            .orElseThrow();
    assertThat(status.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    return status;
  }
}
