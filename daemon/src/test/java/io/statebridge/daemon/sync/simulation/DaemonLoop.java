package io.statebridge.daemon.sync.simulation;

import io.statebridge.daemon.sync.SyncLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/** The loop of one life of the daemon. Once dead it runs nothing. */
final class DaemonLoop implements SyncLoop {

  private final SimulatedTime time;
  private final Deque<Runnable> ready = new ArrayDeque<>();
  private boolean dead;

  DaemonLoop(SimulatedTime time) {
    this.time = time;
  }

  @Override
  public void execute(Runnable task) {
    if (!dead) {
      ready.add(task);
    }
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    SimulatedTime.Event event = time.after(delay.toNanos(), () -> execute(task));
    return event::cancel;
  }

  /** All of a simulation runs on one thread. */
  @Override
  public void requireLoop() {}

  @Override
  public long nanoTime() {
    return time.nowNanos();
  }

  @Override
  public Instant now() {
    return time.wall();
  }

  /** Runs the next task, if there is one. */
  boolean runOne() {
    Runnable task = ready.poll();
    if (task == null) {
      return false;
    }
    task.run();
    return true;
  }

  void kill() {
    dead = true;
    ready.clear();
  }
}
