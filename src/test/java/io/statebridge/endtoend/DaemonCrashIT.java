package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The daemon is killed at the worst of times. */
final class DaemonCrashIT {
  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final StatebridgeProcess statebridge;
  private final Records records;

  DaemonCrashIT() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
    statebridge = new StatebridgeProcess(containerd.socket(), "--namespace", "bars:always");
    records = new Records(statebridge);
  }

  @AfterEach
  void end() {
    try (scratch;
        containerd) {
      statebridge.close();
    }
  }

  @Test
  void aKillBetweenDeleteAndTheRecordLosesNothing() {
    ContainerId id = new ContainerId("bars", "web");
    containerd.run(id.namespace(), id.id());
    statebridge.start();
    statebridge.awaitInSync();

    // Delete is asked for and never answered: here it has, there it has not happened.
    containerd.faults().hang("Tasks/Delete");
    containerd.exit(id.namespace(), id.id(), 7);
    await().until(() -> containerd.calls().getOrDefault("Tasks/Delete", 0L) > 0);
    statebridge.crash();
    containerd.deleteTask(id.namespace(), id.id());
    containerd.faults().heal();
    statebridge.start();

    Container recorded = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
    assertThat(recorded.getExitCode()).isEqualTo(7);
    assertThat(containerd.hasTask(id.namespace(), id.id())).isFalse();
  }

  @Test
  void howARemovedContainerEndedIsServedAlsoAfterAKill() {
    ContainerId id = new ContainerId("bars", "job");
    statebridge.start();
    statebridge.awaitInSync();
    containerd.run(id.namespace(), id.id());
    containerd.exit(id.namespace(), id.id(), 7);
    records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

    containerd.deleteContainer(id.namespace(), id.id());
    await().until(() -> records.find(id).isEmpty());
    Container removed = records.findOrRemoved(id).orElseThrow();
    assertThat(removed.getExitCode()).isEqualTo(7);
    statebridge.awaitDurable();
    statebridge.crash();
    statebridge.start();
    statebridge.awaitInSync();

    assertThat(records.findOrRemoved(id)).contains(removed.toBuilder().clearRevision().build());
    assertThat(statebridge.cli().run("wait", id.id()).out()).isEqualTo("7\n");
    assertThat(statebridge.cli().run("list").out()).doesNotContain("job");
    assertThat(statebridge.cli().run("list", "--removed").out())
        .containsPattern("job +EXITED \\(7, removed\\)");
  }

  @Test
  void whatWasKnownIsServedAfterAKillAlthoughContainerdIsAway() {
    ContainerId ended = new ContainerId("bars", "ended");
    ContainerId runs = new ContainerId("bars", "runs");
    for (ContainerId id : new ContainerId[] {ended, runs}) {
      containerd.run(id.namespace(), id.id());
    }
    statebridge.start();
    statebridge.awaitInSync();
    containerd.exit(ended.namespace(), ended.id(), 9);
    records.awaitState(ended, ContainerState.CONTAINER_STATE_EXITED);
    Container before = records.awaitState(runs, ContainerState.CONTAINER_STATE_RUNNING);
    statebridge.awaitDurable();

    statebridge.crash();
    containerd.stop();
    statebridge.start();

    assertThat(records.find(ended).orElseThrow().getExitCode()).isEqualTo(9);
    Container after = records.find(runs).orElseThrow();
    assertThat(after.toBuilder().clearRevision().build())
        .isEqualTo(before.toBuilder().clearRevision().build());
    assertThat(statebridge.status().getSync().getInSync()).isFalse();
    assertThat(statebridge.status().getEpoch()).isNotEmpty();
  }
}
