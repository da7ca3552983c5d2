package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.Counters;
import java.io.IOException;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The daemon at the shims of a real containerd: what it does when one dies, and what it leaves. */
final class RealShimsIT {
  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(containerd.socket(), "--namespace", bars + ":always");
  private final Records records = new Records(statebridge);

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private Container run(String name) {
    ContainerId id = new ContainerId(bars, name);
    containerd.ctr().runUntilTold(id);
    return records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
  }

  private void awaitWaits(int count) {
    await().until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == count);
  }

  private long exitsRecorded() {
    Counters counters = statebridge.status().getCounters();
    return counters.getExitsRecordedMap().values().stream().mapToLong(Long::longValue).sum();
  }

  @Test
  void aShimThatIsKilledIsRecordedOnceAndFlaggedAndNothingOfItIsLeft() {
    Container killed = run("killed");
    Container other = run("other");
    awaitWaits(2);

    assertThat(Leftovers.shimOf(killed).destroyForcibly()).isTrue();

    ContainerId id = new ContainerId(bars, "killed");
    Container ended = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
    assertThat(ended.getExitCode()).isIn(137, 255);
    assertThat(ended.getMessage()).containsAnyOf("guess", "nobody saw");
    await().until(() -> containerd.client().task(id).isEmpty());
    await().until(() -> Leftovers.shims(containerd.socket()).size() == 1);
    assertThat(Leftovers.shimOf(other).isAlive()).isTrue();
    await().until(() -> ProcessHandle.of(killed.getPid()).isEmpty());
    assertThat(exitsRecorded()).isOne();
    assertThat(records.find(id)).contains(ended);
  }

  @Test
  void waitingLeavesNoTraceAtTheShims() throws IOException {
    int count = 10;
    for (int i = 0; i < count; i++) {
      run("c" + i);
    }
    awaitWaits(count);
    long before = Leftovers.memoryOfShims(containerd.socket());

    for (int i = 0; i < 5; i++) {
      statebridge.crash();
      statebridge.start();
      statebridge.awaitInSync();
      awaitWaits(count);
    }

    assertThat(Leftovers.memoryOfShims(containerd.socket()))
        .isCloseTo(before, Percentage.withPercentage(10));
    for (int i = 0; i < count; i++) {
      containerd.ctr().tell(new ContainerId(bars, "c" + i), i);
    }
    for (int i = 0; i < count; i++) {
      Container ended =
          records.awaitState(new ContainerId(bars, "c" + i), ContainerState.CONTAINER_STATE_EXITED);
      assertThat(ended.getExitCode()).isEqualTo(i);
    }
    await().until(() -> Leftovers.shims(containerd.socket()).isEmpty());
  }
}
