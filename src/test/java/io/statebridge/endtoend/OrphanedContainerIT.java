package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Containers whose records were deleted under their tasks. containerd answers NOT_FOUND about such
 * a task, however alive it is, and only lists it.
 */
final class OrphanedContainerIT {
  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final String looks = containerd.namespace("looks");
  private final StatebridgeProcess statebridge =
      StatebridgeProcess.configured(
          containerd.socket(),
          "reconcile_interval = \"1s\"",
          "[namespaces]",
          "\"" + bars + "\" = \"always\"",
          "\"" + looks + "\" = \"never\"");
  private final Records records = new Records(statebridge);
  private final List<ContainerId> orphans = new ArrayList<>();

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private Container runAndOrphan(ContainerId id) {
    containerd.ctr().runUntilTold(id);
    Container running = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    orphan(id);
    return running;
  }

  private void orphan(ContainerId id) {
    containerd.client().deleteContainer(id);
    orphans.add(id);
  }

  /** A new record takes the task over, and so somebody may delete it. */
  @AfterEach
  void adopt() {
    orphans.forEach(id -> containerd.ctr().create(id, Map.of()));
  }

  private void awaitReconciles(int count) {
    long before = statebridge.status().getCounters().getReconciles();
    await().until(() -> statebridge.status().getCounters().getReconciles() >= before + count);
  }

  private void assertIsRunningOrphan(ContainerId id, Container before) {
    Container orphan = records.find(id).orElseThrow();
    assertThat(orphan.getState()).isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
    assertThat(orphan.getPid()).isEqualTo(before.getPid());
    assertThat(orphan.hasPendingExit()).isFalse();
    assertThat(orphan.getOrphaned()).isTrue();
  }

  private void assertEndsWith7(ContainerId id) {
    Container ended =
        await("the end of " + id)
            .until(
                () -> records.findOrRemoved(id).orElseThrow(),
                c -> c.getState() == ContainerState.CONTAINER_STATE_EXITED);
    assertThat(ended.getExitCode()).isEqualTo(7);
    assertThat(ended.getReason()).isEqualTo("Error");
    assertThat(statebridge.cli().run("wait", "-n", id.namespace(), id.id()).out()).isEqualTo("7\n");
  }

  @Test
  void itIsRunningAsLongAsItsTaskLivesAndEndsWithItsCode() {
    for (String namespace : List.of(looks, bars)) {
      ContainerId id = new ContainerId(namespace, "orphan");
      Container running = runAndOrphan(id);

      assertThat(containerd.client().task(id)).isEmpty();
      awaitReconciles(3);
      assertIsRunningOrphan(id, running);

      containerd.ctr().tell(id, 7);
      assertEndsWith7(id);
      awaitReconciles(2);
      assertEndsWith7(id);
      assertThat(containerd.client().tasks(namespace).get(id.id()))
          .extracting(Process::getStatus)
          .isEqualTo(Status.STOPPED);
    }
  }

  @Test
  void itEndsWithItsCodeAlsoWhenItsShimHungMeanwhile() {
    ContainerId id = new ContainerId(looks, "hung");
    containerd.ctr().runUntilTold(id);
    Container running = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    ProcessHandle shim = Leftovers.shimOf(running);

    Signals.freeze(shim);
    try {
      orphan(id);
      containerd.ctr().tell(id, 7);
      // containerd gives a shim two seconds for its list, and then leaves its task out.
      assertThat(containerd.client().tasks(looks)).doesNotContainKey(id.id());
      awaitReconciles(2);
      assertIsRunningOrphan(id, running);
    } finally {
      Signals.thaw(shim);
    }

    assertEndsWith7(id);
  }

  @Test
  void itIsFoundByADaemonThatCameLater() {
    ContainerId id = new ContainerId(looks, "later");
    Container running = runAndOrphan(id);

    statebridge.crash();
    statebridge.start();
    statebridge.awaitInSync();
    awaitReconciles(1);
    assertIsRunningOrphan(id, running);

    containerd.ctr().tell(id, 7);
    assertEndsWith7(id);
  }
}
