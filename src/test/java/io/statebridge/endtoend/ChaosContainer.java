package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A container and what really happens to it. Each field is written by one thread at a time. */
final class ChaosContainer {

  /** As the container itself, or the simulator, says; or it was killed, and says nothing. */
  record End(int code, Instant at, boolean killed) {}

  final ContainerId id;
  final ChaosPlan.Start plan;

  /** When its start had succeeded; null for ever if the start was interrupted. */
  volatile @Nullable Instant started;

  /** One that stays is to end now. */
  volatile boolean told;

  volatile @Nullable End end;
  volatile @Nullable Instant shimKilled;
  final ChaosSpans shimStopped = new ChaosSpans();

  /** When a watcher first saw its process, and its true code. */
  volatile @Nullable Instant processSeen;

  volatile @Nullable Instant exitSeen;

  ChaosContainer(ContainerId id, ChaosPlan.Start plan) {
    this.id = id;
    this.plan = plan;
  }

  @Override
  public String toString() {
    return "%s %s, started %s, %s, shim killed %s, stopped %s, process seen %s, exit seen %s"
        .formatted(id, plan, started, end, shimKilled, shimStopped, processSeen, exitSeen);
  }
}
