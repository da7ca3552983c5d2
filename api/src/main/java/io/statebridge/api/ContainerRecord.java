package io.statebridge.api;

import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one container and of the latest run of its task. Immutable. A container's
 * identity is its id and its creation.
 *
 * @param info what its creator said of it
 * @param bundle the task's directory on the node, where its shim can be found; empty when unknown
 * @param run the latest one
 * @param orphaned whether the runtime has deleted the container while its task may still run
 */
public record ContainerRecord(ContainerInfo info, String bundle, Run run, boolean orphaned) {

  /** A container without a task. */
  public static ContainerRecord of(ContainerInfo info) {
    return new ContainerRecord(info, "", None.NONE, false);
  }

  public ContainerRecord withInfo(ContainerInfo newInfo) {
    return new ContainerRecord(newInfo, bundle, run, orphaned);
  }

  /** Where its shim can be found; the same for every run. */
  public ContainerRecord withBundle(String newBundle) {
    return new ContainerRecord(info, newBundle, run, orphaned);
  }

  public ContainerRecord withRun(Run newRun) {
    return new ContainerRecord(info, bundle, newRun, orphaned);
  }

  public ContainerRecord withOrphaned(boolean nowOrphaned) {
    return new ContainerRecord(info, bundle, run, nowOrphaned);
  }

  /** How it ended is worth keeping, what its creator said of it in detail is not. */
  public ContainerRecord ofRemoved() {
    Run kept =
        run instanceof Ended ended
            ? new Ended(ended.pid(), ended.startedAt(), ended.exit(), false)
            : run;
    return new ContainerRecord(info.withoutDetails(), "", kept, false);
  }

  public ContainerId id() {
    return info.id();
  }

  public Map<String, String> labels() {
    return info.labels();
  }

  /** The contract's rule: finished, else started, else created, else unknown. */
  public ContainerState state() {
    if (exit() != null) {
      return ContainerState.EXITED;
    }
    if (startedAt() != null) {
      return ContainerState.RUNNING;
    }
    boolean known = info.createdAt() != null || run.pid() != 0;
    return known ? ContainerState.CREATED : ContainerState.UNKNOWN;
  }

  /** Of the init process that lives, 0 when there is none. */
  public long pid() {
    return run instanceof Ended ? 0 : run.pid();
  }

  public @Nullable Instant startedAt() {
    return run.startedAt();
  }

  public boolean paused() {
    return run.paused();
  }

  /** The exit that is recorded. */
  public @Nullable Exit exit() {
    return run instanceof Ended ended ? ended.exit() : null;
  }

  /** The exit that is observed and not yet recorded. */
  public @Nullable PendingExit pendingExit() {
    return run instanceof Ending ending ? ending.pending() : null;
  }

  /** The exit that is recorded or pending, whichever there is. */
  public @Nullable Exit knownExit() {
    PendingExit pending = pendingExit();
    return pending == null ? exit() : pending.exit();
  }

  /** Whether the exit is recorded although the task could not be deleted yet. */
  public boolean cleanupPending() {
    return run instanceof Ended ended && ended.cleanupPending();
  }

  /** Whether its end is still to be reported. */
  public boolean isLive() {
    return run instanceof Live;
  }
}
