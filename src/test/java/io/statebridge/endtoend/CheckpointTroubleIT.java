package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.CheckpointStatus;
import io.statebridge.proto.v1.CheckpointStatus.State;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the disk does to the daemon: it serves, says so, and loses nothing that is still known. */
final class CheckpointTroubleIT {
  private static final String NS = "bars";

  /** A degraded checkpoint tries again after some seconds. */
  private static final Duration RECOVERY = Duration.ofSeconds(40);

  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final StatebridgeProcess statebridge;
  private final Records records;
  private final TinyDisk disk;

  CheckpointTroubleIT() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
    statebridge = new StatebridgeProcess(containerd.socket(), "--namespace", NS + ":never");
    records = new Records(statebridge);
    disk = TinyDisk.mount(statebridge.stateDirectory());
  }

  @AfterEach
  void end() {
    try (scratch;
        containerd;
        statebridge;
        disk) {
      statebridge.crash();
    }
  }

  private CheckpointStatus awaitCheckpoint(Predicate<CheckpointStatus> wanted) {
    return await().atMost(RECOVERY).until(() -> statebridge.status().getCheckpoint(), wanted);
  }

  private Container exit(String name, int code) {
    containerd.run(NS, name);
    containerd.exit(NS, name, code);
    return records.awaitState(new ContainerId(NS, name), ContainerState.CONTAINER_STATE_EXITED);
  }

  private void start() {
    statebridge.start();
    statebridge.awaitInSync();
  }

  private void crashOnceDurable() {
    statebridge.awaitDurable();
    statebridge.crash();
  }

  private void assertDegraded() {
    CheckpointStatus degraded = awaitCheckpoint(status -> status.getState() == State.DEGRADED);
    assertThat(degraded.getLastError()).contains("checkpoint.db");
    await()
        .untilAsserted(
            () -> assertThat(statebridge.log()).contains("degraded, going on in memory"));
    assertThat(statebridge.cli().run("status").out()).contains("DEGRADED");
  }

  @Test
  void aFullDiskIsToldAndWhenThereIsSpaceEverythingIsOnIt() throws IOException {
    start();
    disk.fill();
    int count = 0;
    while (statebridge.status().getCheckpoint().getState() != State.DEGRADED) {
      assertThat(exit("c" + count, count % 256).getExitCode()).isEqualTo(count % 256);
      count++;
    }
    assertDegraded();
    disk.empty();
    awaitCheckpoint(status -> status.getState() == State.DURABLE);

    crashOnceDurable();
    containerd.stop();
    statebridge.start();

    // From the disk alone.
    assertThat(statebridge.status().getContainers()).isEqualTo(count);
    assertThat(records.find(new ContainerId(NS, "c0")).map(Container::getExitCode)).contains(0);
  }

  @Test
  void aDiskThatIsReadOnlyFromTheStartIsToldAndTheRuntimesKnowledgeServed() {
    containerd.run(NS, "before");
    containerd.exit(NS, "before", 9);
    disk.readOnly(true);

    start();

    assertDegraded();
    assertThat(records.find(new ContainerId(NS, "before")).map(Container::getExitCode)).contains(9);
    assertThat(exit("after", 4).getExitCode()).isEqualTo(4);
    disk.readOnly(false);
    awaitCheckpoint(status -> status.getState() == State.DURABLE);
  }

  @Test
  void aFileThatWasTruncatedOrReplacedIsSetAsideAndRebuiltFromTheRuntime() throws Exception {
    start();
    exit("web", 7);
    // In order, so that its log is in the file.
    assertThat(statebridge.terminate(5)).isZero();
    for (String trouble : new String[] {"truncated", "garbage"}) {
      Path file = statebridge.stateDirectory().resolve("checkpoint.db");
      if (trouble.equals("truncated")) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.truncate(channel.size() / 2 + 1);
        }
      } else {
        Files.writeString(file, "no database at all".repeat(1000));
      }

      start();

      assertThat(records.find(new ContainerId(NS, "web")).map(Container::getExitCode))
          .as(trouble)
          .contains(7);
      CheckpointStatus rebuilt =
          awaitCheckpoint(
              status ->
                  status.getState() == State.DURABLE
                      && status.getDurableRevision() == statebridge.status().getRevision());
      assertThat(Path.of(rebuilt.getSetAside())).as(trouble).exists();
      await()
          .untilAsserted(
              () ->
                  assertThat(statebridge.log()).contains("set aside as " + rebuilt.getSetAside()));
      assertThat(statebridge.terminate(5)).isZero();
    }
  }
}
