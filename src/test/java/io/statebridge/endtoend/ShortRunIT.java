package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A start is published after the process began: that of a short run even after its end, and still
 * before the exit is.
 */
final class ShortRunIT {

  @Test
  void aRunThatEndedBeforeItsStartWasPublishedDoesNotEndBeforeItStarted() throws IOException {
    ContainerId id = new ContainerId("looks", "short");
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd containerd =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess statebridge =
            new StatebridgeProcess(containerd.socket(), "--namespace", "looks:never")) {
      statebridge.start();
      statebridge.awaitInSync();

      containerd.createContainer(id.namespace(), id.id(), Map.of());
      int pid = containerd.createTask(id.namespace(), id.id());
      Instant exitedAt = Instant.now();
      containerd.startTask(id.namespace(), id.id());
      containerd.publish(id.namespace(), "/tasks/exit", exit(id, pid, exitedAt));
      Container recorded =
          new Records(statebridge).awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

      assertThat(Records.instant(recorded.getFinishedAt())).isEqualTo(exitedAt);
      assertThat(Records.instant(recorded.getStartedAt())).isBeforeOrEqualTo(exitedAt);
    }
  }

  private static Any exit(ContainerId id, int pid, Instant at) {
    TaskExit exit =
        TaskExit.newBuilder()
            .setContainerId(id.id())
            .setId(id.id())
            .setPid(pid)
            .setExitedAt(
                Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()))
            .build();
    return Any.newBuilder()
        .setTypeUrl("containerd.events.TaskExit")
        .setValue(exit.toByteString())
        .build();
  }
}
