package io.statebridge.daemon.sync.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Fake time and everything that is due in it, ordered by time and then by who came first. Two
 * clocks: the monotonic one, which timers follow, and the wall clock, which can be set.
 */
final class SimulatedTime {

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /** Something that is due; may be called off. */
  static final class Event {
    private final long at;
    private final long sequence;
    private @Nullable Runnable task;

    Event(long at, long sequence, Runnable task) {
      this.at = at;
      this.sequence = sequence;
      this.task = task;
    }

    void cancel() {
      task = null;
    }
  }

  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(
          Comparator.comparingLong((Event e) -> e.at).thenComparingLong(e -> e.sequence));
  private long nowNanos;
  private static final long MINUTE_NANOS = Duration.ofMinutes(1).toNanos();

  /** Longer than any schedule: the clock may be set back by hours. */
  private static final long MIXED_NANOS = Duration.ofHours(2).toNanos();

  private long wallOffsetNanos;
  private boolean lastStepWasBack;
  private long lastStepNanos = -MINUTE_NANOS;
  private final List<Long> wentBackAtNanos = new ArrayList<>();

  /** What the wall clock went through twice, as far as it can be known that it did. */
  private record Stretch(Instant from, Instant to) {}

  private final List<Stretch> passedTwice = new ArrayList<>();
  private long sequence;
  private long stamps;

  long nowNanos() {
    return nowNanos;
  }

  Instant wall() {
    return START.plusNanos(nowNanos + wallOffsetNanos);
  }

  /** The wall clock's time, and no other stamp of this run is the same. */
  Instant uniqueWall() {
    return wall().plusNanos(++stamps);
  }

  /** What the wall clock would have shown at an earlier moment, as it is set now. */
  Instant wallAt(long monotonicNanos) {
    return START.plusNanos(monotonicNanos + wallOffsetNanos);
  }

  /** The same, and before a later moment. */
  boolean wentBackBetween(long monotonicNanos, long untilNanos) {
    return wentBackAtNanos.stream()
        .anyMatch(at -> at >= monotonicNanos - MIXED_NANOS && at < untilNanos);
  }

  /** Whether the wall clock was set back since, or so shortly before that dates still mix. */
  boolean wentBackSince(long monotonicNanos) {
    return wentBackBetween(monotonicNanos, Long.MAX_VALUE);
  }

  /**
   * Sets the wall clock, unless it was set the other way within the last minute: nobody does that,
   * and a daemon that did not look at the clock between could not know.
   */
  void stepWall(Duration by) {
    boolean back = by.isNegative();
    if (back != lastStepWasBack && nowNanos - lastStepNanos < MINUTE_NANOS) {
      return;
    }
    lastStepWasBack = back;
    lastStepNanos = nowNanos;
    Instant before = wall();
    wallOffsetNanos += by.toNanos();
    if (back) {
      wentBackAtNanos.add(nowNanos);
      passedTwice.add(new Stretch(wall().minusSeconds(1), before.plusSeconds(1)));
    }
  }

  /** Whether the wall clock showed a date twice: of two such dates none is known to be earlier. */
  boolean wasPassedTwice(Instant date) {
    return passedTwice.stream()
        .anyMatch(stretch -> !date.isBefore(stretch.from()) && !date.isAfter(stretch.to()));
  }

  Event after(long delayNanos, Runnable task) {
    Event event = new Event(nowNanos + Math.max(0, delayNanos), sequence++, task);
    queue.add(event);
    return event;
  }

  /** Moves to the next event that is due by then and runs it; false when there is none. */
  boolean step(long untilNanos) {
    for (Event next = queue.peek(); next != null && next.at <= untilNanos; next = queue.peek()) {
      queue.remove();
      Runnable task = next.task;
      if (task != null) {
        nowNanos = Math.max(nowNanos, next.at);
        task.run();
        return true;
      }
    }
    nowNanos = Math.max(nowNanos, untilNanos);
    return false;
  }
}
