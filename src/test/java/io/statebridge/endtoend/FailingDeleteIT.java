package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** A task that cannot be deleted. */
final class FailingDeleteIT {

  @Test
  void itIsToldAtOnceRecordedInTheEndAndHoldsNobodyUp() throws IOException {
    ContainerId stuck = new ContainerId("bars", "stuck");
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd containerd =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess statebridge =
            new StatebridgeProcess(
                containerd.socket(),
                "--config",
                Files.writeString(scratch.resolve("config.toml"), "finalize_after = \"2s\"\n")
                    .toString(),
                "--namespace",
                "bars:always")) {
      Records records = new Records(statebridge);
      containerd.run("bars", "stuck");
      containerd.faults().failFor("Tasks/Delete", "bars", "stuck", Status.UNKNOWN);
      statebridge.start();
      statebridge.awaitInSync();

      containerd.exit("bars", "stuck", 7);

      Container pending = records.await(stuck, Container::hasPendingExit);
      assertThat(pending.getState()).isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
      assertThat(pending.getPendingExit().getExitCode()).isEqualTo(7);
      for (int i = 0; i < 20; i++) {
        ContainerId other = new ContainerId("bars", "other" + i);
        containerd.run("bars", other.id());
        containerd.exit("bars", other.id(), i);
        Container ended = records.awaitState(other, ContainerState.CONTAINER_STATE_EXITED);
        assertThat(ended.getExitCode()).isEqualTo(i);
      }

      Container recorded = records.awaitState(stuck, ContainerState.CONTAINER_STATE_EXITED);
      assertThat(recorded.getExitCode()).isEqualTo(7);
      assertThat(recorded.getCleanupPending()).isTrue();
      assertThat(statebridge.status().getCleanupPending()).isOne();
      assertThat(statebridge.cli().json("status").get("cleanupPending").asInt()).isOne();
      containerd.faults().heal();
      await().until(() -> statebridge.status().getCleanupPending() == 0);
      assertThat(containerd.hasTask("bars", "stuck")).isFalse();
      assertThat(records.find(stuck).orElseThrow().getExitCode()).isEqualTo(7);
    }
  }
}
