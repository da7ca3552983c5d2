package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The daemon waits at shims, and everything happens to them. */
final class ExitWatchIT {
  private static final String NS = "bars";

  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final StatebridgeProcess statebridge;
  private final Records records;

  ExitWatchIT() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
    statebridge = new StatebridgeProcess(containerd.socket(), "--namespace", NS + ":always");
    records = new Records(statebridge);
  }

  @AfterEach
  void end() {
    try (scratch;
        containerd;
        statebridge) {
      // The daemon first.
    }
  }

  private static ContainerId id(String name) {
    return new ContainerId(NS, name);
  }

  private void run(int count) {
    for (int i = 0; i < count; i++) {
      containerd.run(NS, "c" + i);
    }
  }

  /** Of containers whose creation the daemon has seen, and so knows the bundles. */
  private void awaitWaitsAtShims(int count) {
    await().until(() -> waitsAt("SHIM") == count);
    await().until(() -> containerd.calls().getOrDefault("Shim/Wait", 0L) >= count);
  }

  private void startInSync() {
    statebridge.start();
    statebridge.awaitInSync();
  }

  private int waitsAt(String source) {
    return statebridge.status().getExitWatchesOrDefault(source, 0);
  }

  private Container awaitExited(String name) {
    return records.awaitState(id(name), ContainerState.CONTAINER_STATE_EXITED);
  }

  private Set<String> callsAtShims() {
    return containerd.calls().keySet().stream()
        .filter(call -> call.startsWith("Shim/"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void exitsWhileContainerdIsDownAreKnownAtOnceAndRecordedOnItsReturn() {
    startInSync();
    run(50);
    awaitWaitsAtShims(50);
    ExitSightings watcher = ExitSightings.of(statebridge);
    containerd.stop();
    for (int i = 0; i < 50; i++) {
      containerd.exit(NS, "c" + i, i);
    }

    for (int i = 0; i < 50; i++) {
      Container pending = records.await(id("c" + i), Container::hasPendingExit);
      assertThat(pending.getPendingExit().getExitCode()).isEqualTo(i);
      assertThat(pending.getPendingExit().getSource()).isEqualTo(ExitSource.EXIT_SOURCE_SHIM);
    }
    containerd.restartForgettingEndedTasks();

    for (int i = 0; i < 50; i++) {
      assertThat(awaitExited("c" + i).getExitCode()).isEqualTo(i);
      assertThat(containerd.hasTask(NS, "c" + i)).isFalse();
      int code = i;
      await()
          .until(() -> watcher.recorded(id("c" + code)).filter(s -> s.code() == code).isPresent());
    }
    assertThat(watcher.isOpen()).isTrue();
    assertThat(statebridge.status().getCounters().getExitsRecordedMap())
        .isEqualTo(Map.of("SHIM", 50L));
    assertThat(callsAtShims()).containsExactly("Shim/State", "Shim/Wait");
  }

  @Test
  void inAStormTheShimsTellBeforeTheEventsDo() {
    startInSync();
    run(30);
    awaitWaitsAtShims(30);
    containerd.events().pace(Duration.ofMillis(200));

    for (int i = 0; i < 30; i++) {
      containerd.exit(NS, "c" + i, i);
    }

    for (int i = 0; i < 30; i++) {
      assertThat(awaitExited("c" + i).getExitCode()).isEqualTo(i);
    }
    // The last event takes 6 s: by then everything else has long been done.
    assertThat(statebridge.status().getCounters().getExitsRecordedOrDefault("SHIM", 0L))
        .isGreaterThan(20);
    containerd.events().pace(Duration.ZERO);
  }

  @Test
  void whereTheShimCannotBeReachedContainerdIsAskedAndTheShimAgainLater() {
    startInSync();
    containerd.faults().failFor("Shim/Wait", NS, "c1", Status.UNIMPLEMENTED);
    run(3);
    containerd.shims().refuse(NS, "c0", true);
    await().until(() -> waitsAt("WAIT") == 2 && waitsAt("SHIM") == 1);
    containerd.events().dropNext("/tasks/exit", 2);

    containerd.exit(NS, "c0", 3);
    containerd.exit(NS, "c1", 4);

    assertThat(awaitExited("c0").getSource()).isEqualTo(ExitSource.EXIT_SOURCE_WAIT);
    assertThat(awaitExited("c0").getExitCode()).isEqualTo(3);
    assertThat(awaitExited("c1").getExitCode()).isEqualTo(4);
  }

  @Test
  void aConnectionThatIsLostOrGarbledIsNoExitAndIsMadeAgain() {
    startInSync();
    run(2);
    awaitWaitsAtShims(2);

    containerd.shims().drop(NS, "c0");
    containerd.shims().garble(NS, "c1");
    await().until(() -> containerd.calls().getOrDefault("Shim/Wait", 0L) >= 2);
    await().until(() -> waitsAt("SHIM") + waitsAt("WAIT") == 2);

    for (String name : new String[] {"c0", "c1"}) {
      assertThat(records.find(id(name)).orElseThrow().getState())
          .isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
      assertThat(records.find(id(name)).orElseThrow().hasPendingExit()).isFalse();
    }
    containerd.events().dropNext("/tasks/exit", 2);
    containerd.exit(NS, "c0", 5);
    containerd.exit(NS, "c1", 6);
    assertThat(awaitExited("c0").getExitCode()).isEqualTo(5);
    assertThat(awaitExited("c1").getExitCode()).isEqualTo(6);
  }

  @Test
  void whenAPodsShimDiesAllItsContainersEndFlagged() {
    startInSync();
    for (String name : new String[] {"pod", "web", "db"}) {
      containerd.createContainerInPod(NS, name, "pod");
      containerd.createTask(NS, name);
      containerd.startTask(NS, name);
    }
    awaitWaitsAtShims(3);
    assertThat(containerd.shims().connections(NS, "pod")).isOne();

    containerd.killShim(NS, "pod", SimulatedContainerd.DEAD_SHIM_PID);

    assertThat(awaitExited("pod").getMessage()).contains("guess");
    for (String name : new String[] {"web", "db"}) {
      Container ended = awaitExited(name);
      assertThat(ended.getExitCode()).isEqualTo(255);
      assertThat(ended.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_UNKNOWN);
      assertThat(ended.getReason()).isEqualTo("Unknown");
    }
  }

  @Test
  void aReaderOfTheLogThatHangsHoldsUpNoExit() throws Exception {
    statebridge.withALogThatNobodyReads();
    startInSync();
    run(1);
    awaitWaitsAtShims(1);

    containerd.stop();
    containerd.restart();
    containerd.exit(NS, "c0", 7);

    assertThat(awaitExited("c0").getExitCode()).isEqualTo(7);
    assertThat(statebridge.terminate(7)).isZero();
  }
}
