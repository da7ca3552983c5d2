package io.statebridge.daemon.sync;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff with full jitter: the n-th delay is drawn evenly from nothing to {@code base
 * * 2^n}, capped, so that those who failed together do not come back together.
 */
record Backoff(Duration base, Duration cap, RandomGenerator random) {

  private static final int MAX_DOUBLINGS = 30;

  /**
   * @param attempt how many attempts have failed before, from 0
   */
  Duration delay(int attempt) {
    long ceiling = base.toNanos() << Math.min(attempt, MAX_DOUBLINGS);
    long bounded = ceiling <= 0 ? cap.toNanos() : Math.min(ceiling, cap.toNanos());
    return Duration.ofNanos(random.nextLong(bounded + 1));
  }
}
