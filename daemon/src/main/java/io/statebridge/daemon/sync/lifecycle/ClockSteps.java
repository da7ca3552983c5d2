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

  /** The two clocks are not read at the same moment. */
  private static final Duration NO_STEP = Duration.ofMillis(20);

  /**
   * The clock was read again.
   *
   * @param before what it said the last time
   * @param elapsed since then, by a clock that cannot be set
   */
  public ClockSteps read(Instant before, Duration elapsed, Instant now) {
    Instant expected = before.plus(elapsed);
    if (!now.isBefore(expected.minus(NO_STEP))) {
      return this;
    }
    Instant low = now.minus(elapsed);
    return new ClockSteps(
        from != null && from.isBefore(low) ? from : low,
        to != null && to.isAfter(expected) ? to : expected);
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
