package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How fast processors are used: what was used since the request before. One sample is kept of each
 * container that is asked about, as long as it runs. Thread-safe.
 */
final class CpuRates {

  /** The kernel's period of processor quotas: within less of it a rate means little. */
  private static final Duration SHORTEST = Duration.ofMillis(100);

  /**
   * @param rate at that time; null for the first sample
   */
  private record Sample(Instant at, long usedNanos, @Nullable Long rate) {}

  private final Map<ContainerId, Sample> last = new ConcurrentHashMap<>();

  /**
   * Nanoseconds a second, of all processors. Empty for the first sample, and for one that begins
   * anew: less was used than before, which is a new run, or the clock was set back.
   */
  OptionalLong nanoCores(ContainerId id, Instant at, long usedNanos) {
    Sample sample = last.merge(id, new Sample(at, usedNanos, null), CpuRates::next);
    Long rate = sample.rate();
    return rate == null ? OptionalLong.empty() : OptionalLong.of(rate);
  }

  private static Sample next(Sample before, Sample now) {
    Duration elapsed = Duration.between(before.at(), now.at());
    // Other clients may ask at the same time, and a sample of theirs may be a little older.
    if (elapsed.abs().compareTo(SHORTEST) < 0) {
      return before;
    }
    long used = now.usedNanos() - before.usedNanos();
    if (used < 0 || elapsed.isNegative()) {
      return now;
    }
    double seconds = (double) elapsed.toNanos() / Duration.ofSeconds(1).toNanos();
    return new Sample(now.at(), now.usedNanos(), (long) (used / seconds));
  }

  /** Forgets the others. */
  void retain(Set<ContainerId> running) {
    last.keySet().retainAll(running);
  }
}
