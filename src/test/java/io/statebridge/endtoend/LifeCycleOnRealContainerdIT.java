package io.statebridge.endtoend;

import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_CREATED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_DELETED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_STARTED_EVENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Lives that are shorter, longer or told in another order than most, on a real containerd. */
final class LifeCycleOnRealContainerdIT {
  private static final int NEVER_A_PID = 4_000_001;

  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final String looks = containerd.namespace("looks");
  private final StatebridgeProcess statebridge =
      StatebridgeProcess.configured(
          containerd.socket(),
          "cri_namespaces = [\"" + bars + "\"]",
          "[namespaces]",
          "\"" + bars + "\" = \"always\"",
          "\"" + looks + "\" = \"never\"");
  private final Records records = new Records(statebridge);
  private final PublishedEvents events = new PublishedEvents(containerd.client());

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private Container awaitExited(ContainerId id) {
    return records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
  }

  private ContainerId runToItsEnd(String namespace, String name, int code) {
    ContainerId id = new ContainerId(namespace, name);
    containerd.ctr().run(id, "exit " + code);
    assertThat(awaitExited(id).getExitCode()).isEqualTo(code);
    return id;
  }

  @Test
  void aContainerThatWasGoneBeforeItWasAskedForIsKnownWithItsCode() {
    ContainerId id = new ContainerId(bars, "gone");

    statebridge.freeze();
    int code;
    try {
      code = containerd.ctr().runAndRemove(id, "exit 7");
    } finally {
      statebridge.thaw();
    }

    assertThat(code).isEqualTo(7);
    Container gone =
        await()
            .until(
                () -> records.findOrRemoved(id).orElse(null),
                c -> c != null && c.getState() == ContainerState.CONTAINER_STATE_EXITED);
    assertThat(gone.getExitCode()).isEqualTo(7);
    assertThat(statebridge.cli().run("wait", "gone").out()).isEqualTo("7\n");
    assertThat(statebridge.cli().json("list", "--removed"))
        .anySatisfy(
            listed -> {
              assertThat(listed.get("id").asText()).isEqualTo("gone");
              assertThat(listed.get("state").asText()).isEqualTo("EXITED");
              assertThat(listed.get("exitCode").asInt()).isEqualTo(7);
              assertThat(listed.get("removedAt").isTextual()).isTrue();
            });
    assertThat(statebridge.status().getCounters().getExitsDropped()).isZero();
  }

  @Test
  void anIdThatWasUsedAgainWhileTheDaemonWasDownIsTheNewContainers() throws Exception {
    ContainerId id = runToItsEnd(bars, "again", 7);
    await().until(() -> containerd.client().task(id).isEmpty());
    statebridge.crash();
    containerd.ctr().deleteContainer(id);
    containerd.ctr().create(id, Map.of());

    statebridge.start();
    statebridge.awaitInSync();

    Container anew = records.find(id).orElseThrow();
    assertThat(anew.getState()).isEqualTo(ContainerState.CONTAINER_STATE_CREATED);
    assertThat(anew.hasExitCode()).isFalse();
    assertThat(anew.hasStartedAt()).isFalse();
    ListenableFuture<WaitContainerResponse> end = waitFor(id);
    await().until(() -> end.isDone() || statebridge.status().getWatchers() == 1);
    assertThat(end).isNotDone();
    containerd.client().createTask(id);
    containerd.client().startTask(id);
    containerd.ctr().tell(id, 3);
    assertThat(end.get(10, TimeUnit.SECONDS).getContainer().getExitCode()).isEqualTo(3);
  }

  private ListenableFuture<WaitContainerResponse> waitFor(ContainerId id) {
    return StatebridgeGrpc.newFutureStub(statebridge.channel().grpc())
        .waitContainer(
            WaitContainerRequest.newBuilder().setNamespace(id.namespace()).setId(id.id()).build());
  }

  @Test
  void whatIsToldLateOfAnIdsFormerContainerDoesNotEndTheNewOne() {
    ContainerId id = new ContainerId(looks, "reused");
    containerd.ctr().runUntilTold(id);
    int pid = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING).getPid();
    containerd.ctr().tell(id, 7);
    Timestamp endedAt = awaitExited(id).getFinishedAt();
    containerd.client().deleteTask(id);
    containerd.ctr().deleteContainer(id);
    containerd.ctr().runUntilTold(id);
    records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    await().until(() -> statebridge.status().getQueuesActive() == 0);
    Container running = records.find(id).orElseThrow();
    assertThat(running.getPid()).isNotEqualTo(pid);

    events.exit(id, pid, 7, endedAt);
    events.deleteTask(id, pid, 7, endedAt);
    events.deleteContainer(id);
    // What comes after them shows that they were handled.
    containerd.ctr().pause(id);
    records.await(id, Container::getPaused);
    containerd.ctr().resume(id);
    Container after = records.await(id, container -> !container.getPaused());
    await().until(() -> statebridge.status().getQueuesActive() == 0);

    assertThat(records.find(id)).contains(after);
    assertThat(after.getState()).isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
    assertThat(after.getPid()).isEqualTo(running.getPid());
    assertThat(after.getStartedAt()).isEqualTo(running.getStartedAt());
    assertThat(after.hasExitCode()).isFalse();
    containerd.ctr().tell(id, 3);
    assertThat(awaitExited(id).getExitCode()).isEqualTo(3);
  }

  @Test
  void aTaskThatWasKilledBeforeItWasStartedHasEndedAndNeverBegan() {
    try (UnixChannel channel = statebridge.connect()) {
      CriEvents told = CriEvents.of(channel).awaitSubscribed().read();
      ContainerId id = new ContainerId(bars, "unstarted");
      containerd.ctr().create(id, Map.of());
      containerd.client().createTask(id);
      records.await(id, container -> container.getPid() > 0);

      containerd.client().kill(id);

      Container ended = awaitExited(id);
      assertThat(ended.getExitCode()).isEqualTo(137);
      assertThat(ended.hasStartedAt()).isFalse();
      assertThat(ended.hasFinishedAt()).isTrue();
      assertThat(ended.getPid()).isZero();
      JsonNode json = records.json(id);
      assertThat(json.get("startedAt").isNull()).isTrue();
      await().until(() -> containerd.client().task(id).isEmpty());
      containerd.ctr().deleteContainer(id);
      await().until(() -> told.types(id.id()).contains(CONTAINER_DELETED_EVENT));
      assertThat(told.types(id.id()))
          .contains(CONTAINER_CREATED_EVENT)
          .doesNotContain(CONTAINER_STARTED_EVENT);
    }
  }

  @Test
  void theEndOfASecondRunIsRecordedInWhateverOrderItIsTold() {
    ContainerId inOrder = runToItsEnd(bars, "second", 0);
    Timestamp at = now();
    events.start(inOrder, NEVER_A_PID);
    events.exit(inOrder, NEVER_A_PID, 42, at);
    events.deleteTask(inOrder, NEVER_A_PID, 42, at);

    ContainerId startLast = runToItsEnd(bars, "backwards", 0);
    Timestamp later = now();
    events.exit(startLast, NEVER_A_PID + 1, 42, later);
    events.deleteTask(startLast, NEVER_A_PID + 1, 42, later);
    events.start(startLast, NEVER_A_PID + 1);

    for (ContainerId id : List.of(inOrder, startLast)) {
      Container second = records.await(id, c -> c.hasExitCode() && c.getExitCode() == 42);
      assertThat(second.getState()).isEqualTo(ContainerState.CONTAINER_STATE_EXITED);
    }
    await().until(() -> statebridge.status().getQueuesActive() == 0);
    for (ContainerId id : List.of(inOrder, startLast)) {
      assertThat(awaitExited(id).getExitCode()).isEqualTo(42);
    }
  }

  private static Timestamp now() {
    Instant now = Instant.now();
    return Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build();
  }
}
