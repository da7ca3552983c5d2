package io.statebridge.daemon.sync;

import io.statebridge.daemon.sync.lifecycle.ClockSteps;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Notices when the wall clock is set back, by a clock that cannot be set. Read once a second, for
 * between two readings nobody knows when it was. Loop only.
 */
final class ClockReader {

  static final Duration INTERVAL = Duration.ofSeconds(1);

  private final SyncLoop loop;
  private ClockSteps steps = ClockSteps.NONE;
  private Instant lastClock;
  private long lastNanos;
  private SyncLoop.@Nullable Timer next;

  ClockReader(SyncLoop loop) {
    this.loop = loop;
    this.lastClock = loop.now();
    this.lastNanos = loop.nanoTime();
  }

  void start() {
    next =
        loop.schedule(
            INTERVAL,
            () -> {
              read(loop.now());
              start();
            });
  }

  void stop() {
    if (next != null) {
      next.cancel();
    }
  }

  /** The steps until now, which the wall clock says it is. */
  ClockSteps read(Instant clock) {
    long nanos = loop.nanoTime();
    steps = steps.read(lastClock, Duration.ofNanos(nanos - lastNanos), clock);
    lastClock = clock;
    lastNanos = nanos;
    return steps;
  }
}
