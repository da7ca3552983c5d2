package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A run of a container as it really was: one task, one init process, one end. */
final class LedgerRun {

  enum Phase {
    CREATED,
    RUNNING,
    PAUSED,
    ENDED
  }

  /** Somebody who waits for its end at the shim. */
  interface Waiting {
    void ended();

    void broken();
  }

  final LedgerContainer container;

  /** Later runs under the same id have a higher one. */
  final int order;

  final long pid;
  final Shim shim;
  final long createdNanos;

  /** When its task was created, by the wall clock; its exit may be dated before that. */
  final Instant createdAt;

  Phase phase = Phase.CREATED;

  /** When it was started, by the wall clock. */
  @Nullable Instant startedAt;

  int code;

  /** Whether it ran out of memory. */
  boolean outOfMemory;

  /** The life of the daemon that was told so last. */
  int outOfMemoryToldInLife = -1;

  /** When it ended, by the clock that cannot be set. */
  long endedNanos = Long.MIN_VALUE / 2;

  /** Null while it lives, and of a task that was destroyed before it was started. */
  @Nullable Instant exitedAt;

  /** Whether containerd has the task in its list. */
  boolean listed = true;

  /** What containerd made up when the shim had gone; null when it did not. */
  @Nullable Exit fabricated;

  int fabricatedCode;
  long fabricatedPid;

  /** Whoever waits for its end at the shim. */
  final List<Waiting> waiters = new ArrayList<>();

  // What the checks remember.

  /** The exit was told to a daemon, which did not lose it by a crash. */
  boolean told;

  String toldBy = "";

  /** Whether a record was about it by then. */
  boolean seenWhenTold;

  /** Somebody told the daemon that the task exists. */
  boolean known;

  /** Somebody told the daemon that it was started. */
  boolean startTold;

  /** An event told it. */
  boolean announced;

  /** Made up ends were told first, or too late to matter: then the true one is not called for. */
  boolean excused;

  /** The exit was seen in the change log. */
  boolean recorded;

  /** The life of the daemon in which it was recorded. */
  int recordedInLife = -1;

  /** The creation of the container that it was recorded for. */
  @Nullable Instant recordedFor;

  /** Whether a record was about this run. */
  boolean seen;

  long seenSinceNanos;

  /** Whether a record said that it was started. */
  boolean seenStarted;

  /** Somebody who waits for it could not, or was not told. */
  boolean waitFailed;

  LedgerRun(
      LedgerContainer container,
      int order,
      long pid,
      Shim shim,
      long createdNanos,
      Instant createdAt) {
    this.container = container;
    this.order = order;
    this.pid = pid;
    this.shim = shim;
    this.createdNanos = createdNanos;
    this.createdAt = createdAt;
  }

  ContainerId id() {
    return container.id;
  }

  boolean lives() {
    return phase != Phase.ENDED;
  }

  boolean started() {
    return startedAt != null;
  }

  /** Whether this is how it ended, or how containerd made up that it did. */
  boolean endedAs(Exit exit) {
    return (exit.code() == code && exit.exitedAt().equals(exitedAt))
        || (fabricated != null
            && exit.code() == fabricated.code()
            && exit.exitedAt().equals(fabricated.exitedAt()));
  }

  /** The end as one of its sources tells it; null when there was none that could be told. */
  @Nullable Exit exit(ExitSource source) {
    return exitedAt == null ? null : new Exit(code, exitedAt, source);
  }

  @Override
  public String toString() {
    return "%s run %d (pid %d, %s%s)"
        .formatted(
            container, order, pid, phase, exitedAt == null ? "" : " " + code + " at " + exitedAt);
  }
}
