package io.statebridge.daemon.sync.lifecycle;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The time that the wall clock went through twice, for it was set back: of two dates in it nobody
 * knows which was earlier. Immutable.
 *
 * @param from null when the clock was not set back
 * @param to not before {@code from}
 */
public record ClockSteps(@Nullable Instant from, @Nullable Instant to) {

  public static final ClockSteps NONE = new ClockSteps(null, null);

  /** They do not run alike to the last digit. */
  private static final Duration NO_STEP = Duration.ofMillis(20);

  /**
   * The clock was read again.
   *
   * @param before what it said the last time
   * @param least that has passed since then, by a clock that cannot be set
   * @param most likewise: the two clocks are not read at the same moment, and between them a thread
   *     may have to wait for a processor
   */
  public ClockSteps read(Instant before, Duration least, Duration most, Instant now) {
    if (!now.isBefore(before.plus(least).minus(NO_STEP))) {
      return this;
    }
    Instant low = now.minus(most);
    Instant high = before.plus(most);
    return new ClockSteps(
        from != null && from.isBefore(low) ? from : low,
        to != null && to.isAfter(high) ? to : high);
  }

  /** Whether the later of two dates was the later one in truth. */
  boolean tellsOrder(Instant one, Instant other) {
    return !(isWithin(one) && isWithin(other));
  }

  /** Whether one was the earlier in truth. */
  boolean isBefore(Instant one, Instant other) {
    return one.isBefore(other) && tellsOrder(one, other);
  }

  private boolean isWithin(Instant date) {
    return from != null && to != null && !date.isBefore(from) && !date.isAfter(to);
  }
}
