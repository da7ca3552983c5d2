package io.statebridge.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The record of one container and of the latest run of its task. Immutable; a transition returns a
 * new record.
 *
 * @param info what its creator said of it
 * @param pid of the init process, 0 when there is none
 * @param bundle the task's directory on the node, where its shim can be found; empty when unknown
 * @param taskCreatedAt when the current run's task was created, if an event told it: an exit before
 *     it is an earlier run's
 * @param startedAt when the init process was started, never after its end
 * @param exit how the run ended, once that is recorded
 * @param paused whether its processes are frozen
 * @param pendingExit an exit that is observed and not yet recorded
 * @param cleanupPending whether the exit is recorded although the task could not be deleted yet
 * @param removedAt when the container was found to be gone from the runtime, of a record that is
 *     kept beyond that
 * @param revision of the store's commit that made this record; 0 before it is stored
 */
public record Container(
    ContainerInfo info,
    long pid,
    String bundle,
    @Nullable Instant taskCreatedAt,
    @Nullable Instant startedAt,
    @Nullable Exit exit,
    boolean paused,
    @Nullable PendingExit pendingExit,
    boolean cleanupPending,
    @Nullable Instant removedAt,
    long revision) {

  public Container {
    if (pid < 0) {
      throw new IllegalArgumentException("negative pid " + pid + " of " + info.id());
    }
    if (exit != null && (pid != 0 || pendingExit != null)) {
      throw new IllegalArgumentException("a finished container has no process: " + info.id());
    }
    if (cleanupPending && exit == null) {
      throw new IllegalArgumentException("only a finished container awaits cleanup: " + info.id());
    }
    if (removedAt != null && exit == null) {
      throw new IllegalArgumentException("only an end is worth keeping: " + info.id());
    }
  }

  /** A container without a task. */
  public static Container of(ContainerInfo info) {
    return new Container(info, 0, "", null, null, null, false, null, false, null, 0);
  }

  public ContainerId id() {
    return info.id();
  }

  /** The contract's rule: finished, else started, else created, else unknown. */
  public ContainerState state() {
    if (exit != null) {
      return ContainerState.EXITED;
    }
    if (startedAt != null) {
      return ContainerState.RUNNING;
    }
    return info.createdAt() != null ? ContainerState.CREATED : ContainerState.UNKNOWN;
  }

  /**
   * Whether its end is still to come: that of its process, or of a sandbox that runs without one on
   * this node, as some virtual machines do.
   */
  public boolean isLive() {
    return pid != 0 || (info.isSandbox() && startedAt != null && exit == null);
  }

  /** The exit that is recorded or pending, whichever there is. */
  public @Nullable Exit knownExit() {
    if (exit != null) {
      return exit;
    }
    return pendingExit == null ? null : pendingExit.exit();
  }

  public Map<String, String> labels() {
    return info.labels();
  }

  public Container withInfo(ContainerInfo newInfo) {
    return new Container(
        newInfo,
        pid,
        bundle,
        taskCreatedAt,
        startedAt,
        exit,
        paused,
        pendingExit,
        cleanupPending,
        removedAt,
        revision);
  }

  public Container withPaused(boolean nowPaused) {
    return new Container(
        info,
        pid,
        bundle,
        taskCreatedAt,
        startedAt,
        exit,
        nowPaused,
        pendingExit,
        cleanupPending,
        removedAt,
        revision);
  }

  public Container withPendingExit(@Nullable PendingExit pending) {
    return new Container(
        info,
        pid,
        bundle,
        taskCreatedAt,
        startedAt,
        exit,
        paused,
        pending,
        cleanupPending,
        removedAt,
        revision);
  }

  public Container withCleanupPending(boolean pending) {
    return new Container(
        info,
        pid,
        bundle,
        taskCreatedAt,
        startedAt,
        exit,
        paused,
        pendingExit,
        pending,
        removedAt,
        revision);
  }

  /** Where its shim can be found; the same for every run. */
  public Container withBundle(String newBundle) {
    return new Container(
        info,
        pid,
        newBundle,
        taskCreatedAt,
        startedAt,
        exit,
        paused,
        pendingExit,
        cleanupPending,
        removedAt,
        revision);
  }

  /** For the store, which alone numbers commits. */
  public Container withRevision(long newRevision) {
    return new Container(
        info,
        pid,
        bundle,
        taskCreatedAt,
        startedAt,
        exit,
        paused,
        pendingExit,
        cleanupPending,
        removedAt,
        newRevision);
  }

  /**
   * A new task was created: nothing of an earlier run remains. A pid alone would be no identity.
   */
  public Container newRun(long newPid, @Nullable Instant createdAt) {
    return new Container(
        info, newPid, bundle, createdAt, null, null, false, null, false, null, revision);
  }

  /** The init process was started; its pid and its end, if that is known already, stay. */
  public Container startedAt(Instant at) {
    Instant start = exit == null ? at : earlier(at, exit.exitedAt());
    return new Container(
        info,
        pid,
        bundle,
        taskCreatedAt,
        start,
        exit,
        paused,
        pendingExit,
        cleanupPending,
        removedAt,
        revision);
  }

  /** The task is gone and its process never was started. */
  public Container withoutTask() {
    return new Container(info, 0, bundle, null, null, null, false, null, false, null, revision);
  }

  /**
   * The run ended: one record carries all of it. A record that already has an end is returned as it
   * is, for the first exit wins.
   */
  public Container finished(Exit end) {
    if (exit != null) {
      return this;
    }
    Instant start = startedAt == null ? null : earlier(startedAt, end.exitedAt());
    return new Container(
        info,
        0,
        bundle,
        taskCreatedAt,
        start,
        end,
        false,
        null,
        cleanupPending,
        removedAt,
        revision);
  }

  /** How it ended is worth keeping, what its creator said of it in detail is not. */
  public Container removed(Instant at) {
    return new Container(
        info.withoutDetails(),
        0,
        "",
        taskCreatedAt,
        startedAt,
        exit,
        false,
        null,
        false,
        at,
        revision);
  }

  /** A start is published after the process began, and a short run has ended by then. */
  private static Instant earlier(Instant start, Instant end) {
    return end.isBefore(start) ? end : start;
  }
}
