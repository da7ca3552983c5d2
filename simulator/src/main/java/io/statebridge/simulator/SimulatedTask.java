package io.statebridge.simulator;

import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A task as containerd sees it.
 *
 * @param exitedAt null while it lives
 */
record SimulatedTask(Key key, int pid, Status status, int exitStatus, @Nullable Instant exitedAt) {

  static SimulatedTask created(Key key, int pid) {
    return new SimulatedTask(key, pid, Status.CREATED, 0, null);
  }

  SimulatedTask with(Status newStatus) {
    return new SimulatedTask(key, pid, newStatus, exitStatus, exitedAt);
  }

  SimulatedTask stopped(int code, Instant at) {
    return new SimulatedTask(key, pid, Status.STOPPED, code, at);
  }

  boolean hasEnded() {
    return status == Status.STOPPED;
  }

  /** As Get and List tell it: the container's id is in id, container_id stays empty. */
  Process toProcess() {
    return Process.newBuilder()
        .setId(key.id())
        .setPid(pid)
        .setStatus(status)
        .setExitStatus(exitStatus)
        .setExitedAt(Timestamps.of(exitedAt))
        .build();
  }
}
