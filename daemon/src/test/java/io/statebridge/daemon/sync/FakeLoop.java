package io.statebridge.daemon.sync;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;

/**
 * The sync loop on the test's own thread, with a time that only moves when it is told to. Tasks run
 * in {@link #run}, never inside {@link #execute}.
 */
final class FakeLoop implements SyncLoop {

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private record Scheduled(Instant due, long sequence, Runnable task) {}

  private final Deque<Runnable> ready = new ArrayDeque<>();
  private final PriorityQueue<Scheduled> later =
      new PriorityQueue<>(
          Comparator.comparing(Scheduled::due).thenComparingLong(Scheduled::sequence));
  private final Thread thread = Thread.currentThread();
  private Instant now = START;
  private Duration wallIsAhead = Duration.ZERO;
  private long sequence;

  @Override
  public void execute(Runnable task) {
    ready.add(task);
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    Scheduled scheduled = new Scheduled(now.plus(delay), sequence++, task);
    later.add(scheduled);
    return () -> later.remove(scheduled);
  }

  @Override
  public void requireLoop() {
    if (!Thread.currentThread().equals(thread)) {
      throw new IllegalStateException("not the test's thread");
    }
  }

  @Override
  public long nanoTime() {
    return Duration.between(START, now).toNanos();
  }

  @Override
  public Instant now() {
    return now.plus(wallIsAhead);
  }

  /** Sets the wall clock. */
  void stepWall(Duration by) {
    wallIsAhead = wallIsAhead.plus(by);
  }

  /** Runs all that is ready, and what that makes ready. */
  void run() {
    for (Runnable task = ready.poll(); task != null; task = ready.poll()) {
      task.run();
    }
  }

  /** Lets time pass, running each task at its time. */
  void advance(Duration by) {
    run();
    Instant end = now.plus(by);
    for (Scheduled next = later.peek();
        next != null && !next.due().isAfter(end);
        next = later.peek()) {
      later.remove(next);
      now = next.due();
      next.task().run();
      run();
    }
    now = end;
  }

  int timers() {
    return later.size();
  }
}
