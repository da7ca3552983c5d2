package io.statebridge.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the runtime says of a task.
 *
 * @param id of its container
 * @param status as the runtime sees it; {@link Status#UNKNOWN} is no information
 * @param pid of the init process, 0 when there is none
 * @param exitStatus meaningful when stopped
 * @param exitedAt null while it lives
 */
public record TaskInfo(
    ContainerId id, Status status, long pid, int exitStatus, @Nullable Instant exitedAt) {

  /** The task's status. */
  public enum Status {
    UNKNOWN,
    CREATED,
    RUNNING,
    STOPPED,
    PAUSED
  }
}
