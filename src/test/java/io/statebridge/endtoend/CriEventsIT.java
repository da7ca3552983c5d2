package io.statebridge.endtoend;

import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_CREATED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_DELETED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_STARTED_EVENT;
import static io.statebridge.proto.cri.v1.ContainerEventType.CONTAINER_STOPPED_EVENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Hundreds of containers in pods, containerd restarted twice, and a subscriber that does not read.
 */
final class CriEventsIT {
  private static final int PODS = 50;
  private static final int CONTAINERS_PER_POD = 10;
  private static final int ALL = PODS * (CONTAINERS_PER_POD + 1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** How a container ended. */
  private record End(int code, Instant at) {}

  private final Map<String, End> ends = new HashMap<>();

  @Test
  void eachSubscriberIsToldEachContainersLifeOnceInOrderAndWithoutABreak() throws IOException {
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd containerd =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket())) {
      statebridge.start();
      statebridge.awaitInSync();
      try (UnixChannel one = statebridge.connect();
          UnixChannel other = statebridge.connect()) {
        CriEvents reader = CriEvents.of(one).awaitSubscribed().read();
        CriEvents stalled = CriEvents.of(other).awaitSubscribed();

        live(containerd, statebridge, reader);
        await().atMost(PATIENCE).until(() -> reader.count(CONTAINER_DELETED_EVENT) == ALL);

        assertThat(reader.end()).isEmpty();
        assertThat(stalled.events()).isEmpty();
        assertWhole(reader);
        stalled.read();
        await().atMost(PATIENCE).until(() -> stalled.events().size() >= reader.events().size());
        assertThat(stalled.events()).isEqualTo(reader.events());
        assertThat(stalled.end()).isEmpty();
      }
    }
  }

  /** All that happens, from the first pod to the last. */
  private void live(
      SimulatedContainerd containerd, StatebridgeProcess statebridge, CriEvents reader) {
    for (int pod = 0; pod < PODS; pod++) {
      SimulatedPods.run(containerd, SimulatedPods.sandbox(pod));
      for (int i = 0; i < CONTAINERS_PER_POD; i++) {
        SimulatedPods.run(containerd, SimulatedPods.container(pod, i));
      }
    }
    await().atMost(PATIENCE).until(() -> reader.count(CONTAINER_STARTED_EVENT) == ALL);
    await()
        .atMost(PATIENCE)
        .until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == ALL);

    end(containerd, 0, 2);
    containerd.stop();
    end(containerd, 2, 4);
    containerd.restart();
    statebridge.awaitInSync();
    end(containerd, 4, 6);
    containerd.stop();
    end(containerd, 6, 8);
    containerd.restartForgettingEndedTasks();
    statebridge.awaitInSync();
    end(containerd, 8, CONTAINERS_PER_POD);
    for (int pod = 0; pod < PODS; pod++) {
      exit(containerd, SimulatedPods.podId(pod), 0);
    }
    await().atMost(PATIENCE).until(() -> reader.count(CONTAINER_STOPPED_EVENT) == ALL);
    for (int pod = 0; pod < PODS; pod++) {
      for (int i = 0; i < CONTAINERS_PER_POD; i++) {
        containerd.deleteContainer(CriPods.NAMESPACE, SimulatedPods.id(pod, i));
      }
      containerd.deleteContainer(CriPods.NAMESPACE, SimulatedPods.podId(pod));
    }
  }

  /** Some of the containers of each pod end. */
  private void end(SimulatedContainerd containerd, int from, int to) {
    for (int pod = 0; pod < PODS; pod++) {
      for (int i = from; i < to; i++) {
        exit(containerd, SimulatedPods.id(pod, i), pod + i);
      }
    }
  }

  private void exit(SimulatedContainerd containerd, String id, int code) {
    ends.put(id, new End(code, containerd.exit(CriPods.NAMESPACE, id, code)));
  }

  private void assertWhole(CriEvents reader) {
    for (int pod = 0; pod < PODS; pod++) {
      assertLife(reader, pod, SimulatedPods.podId(pod));
      for (int i = 0; i < CONTAINERS_PER_POD; i++) {
        String id = SimulatedPods.id(pod, i);
        assertLife(reader, pod, id);
        for (ContainerEventResponse event : reader.events(id)) {
          assertTellsOf(event, id);
        }
      }
    }
    List<ContainerEventResponse> events = reader.events();
    assertThat(events).hasSize(4 * ALL);
    for (int i = 1; i < events.size(); i++) {
      assertThat(events.get(i).getCreatedAt()).isGreaterThan(events.get(i - 1).getCreatedAt());
    }
  }

  private static void assertLife(CriEvents reader, int pod, String id) {
    assertThat(reader.types(id))
        .as(id)
        .containsExactly(
            CONTAINER_CREATED_EVENT,
            CONTAINER_STARTED_EVENT,
            CONTAINER_STOPPED_EVENT,
            CONTAINER_DELETED_EVENT);
    for (ContainerEventResponse event : reader.events(id)) {
      PodSandboxStatus status = event.getPodSandboxStatus();
      assertThat(status.getId()).isEqualTo(SimulatedPods.podId(pod));
      assertThat(status.getMetadata().getUid()).isEqualTo("uid-" + SimulatedPods.podId(pod));
      assertThat(status.getMetadata().getName()).isEqualTo("name-" + SimulatedPods.podId(pod));
      assertThat(status.getMetadata().getNamespace()).isEqualTo("tests");
    }
  }

  /** With the container's own status, which is final once it has ended. */
  private void assertTellsOf(ContainerEventResponse event, String id) {
    ContainerEventType type = event.getContainerEventType();
    List<ContainerStatus> own =
        event.getContainersStatusesList().stream().filter(s -> s.getId().equals(id)).toList();
    assertThat(own).as("%s of %s", type, id).hasSize(1);
    ContainerStatus status = own.getFirst();
    assertThat(status.getMetadata().getName()).isEqualTo("name-" + id);
    if (type == CONTAINER_STOPPED_EVENT) {
      assertThat(event.getContainersStatusesCount()).isEqualTo(CONTAINERS_PER_POD);
    }
    if (type == CONTAINER_STOPPED_EVENT || type == CONTAINER_DELETED_EVENT) {
      End end = Objects.requireNonNull(ends.get(id));
      assertThat(status.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
      assertThat(status.getExitCode()).isEqualTo(end.code());
      assertThat(Instant.ofEpochSecond(0, status.getFinishedAt())).isEqualTo(end.at());
    }
  }
}
