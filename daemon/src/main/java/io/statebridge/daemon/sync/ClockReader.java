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

  /** When that was, by the other clock. */
  private long lastNotBefore;

  private long lastNotAfter;
  private SyncLoop.@Nullable Timer next;

  ClockReader(SyncLoop loop) {
    this.loop = loop;
    this.lastNotBefore = loop.nanoTime();
    this.lastClock = loop.now();
    this.lastNotAfter = loop.nanoTime();
  }

  void start() {
    next =
        loop.schedule(
            INTERVAL,
            () -> {
              read();
              start();
            });
  }

  void stop() {
    if (next != null) {
      next.cancel();
    }
  }

  /** The steps until now. */
  ClockSteps read() {
    long notBefore = loop.nanoTime();
    Instant clock = loop.now();
    long notAfter = loop.nanoTime();
    steps =
        steps.read(
            lastClock,
            Duration.ofNanos(notBefore - lastNotAfter),
            Duration.ofNanos(notAfter - lastNotBefore),
            clock);
    lastClock = clock;
    lastNotBefore = notBefore;
    lastNotAfter = notAfter;
    return steps;
  }
}
