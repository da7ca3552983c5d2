package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ids that a real containerd's CRI plugin takes for those of other containers. */
final class ContainerIdsIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());
  private final Records records = new Records(statebridge);

  @BeforeEach
  void start() {
    containerd.start();
  }

  @AfterEach
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }

  @Test
  void aContainerWhoseIdIsTheBeginningOfAnEndedOnesStaysCreated() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("whole");
    ContainerId ended = pods.runUntilTold(pod, "ended");
    pods.tell("ended", 7);
    await().until(() -> containerd.client().task(ended).isEmpty());
    ContainerId beginning = beginning(ended.id().substring(0, 5));
    assertThat(pods.status(beginning).getExitCode()).isEqualTo(7);

    assertStaysCreated(beginning);
    assertThat(records.find(ended).map(Container::getExitCode)).contains(7);
  }

  @Test
  void aContainerWhoseIdIsTheBeginningOfSeveralStaysCreated() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("several");
    Map<String, String> byFirst = new HashMap<>();
    String first;
    int count = 0;
    do {
      String id = pods.create(pod, "several" + count++).id();
      first = id.substring(0, 1);
      if (byFirst.containsKey(first)) {
        break;
      }
      byFirst.put(first, id);
    } while (true);

    assertStaysCreated(beginning(first));
  }

  private ContainerId beginning(String of) {
    ContainerId id = new ContainerId(CriPods.NAMESPACE, of);
    containerd.ctr().create(id, Map.of());
    return id;
  }

  private void assertStaysCreated(ContainerId id) {
    for (int start = 0; start < 2; start++) {
      statebridge.start();
      statebridge.awaitInSync();
      await("that nothing is left to do")
          .until(
              statebridge::status,
              status -> status.getQueuesActive() == 0 && status.getQueuesWaiting() == 0);
      Container record = records.find(id).orElseThrow();
      assertThat(record.getState()).isEqualTo(ContainerState.CONTAINER_STATE_CREATED);
      assertThat(record.hasExitCode()).isFalse();
      GetBridgeStatusResponse status = statebridge.status();
      assertThat(status.getPendingExits()).isZero();
      statebridge.crash();
    }
    statebridge.start();
  }
}
