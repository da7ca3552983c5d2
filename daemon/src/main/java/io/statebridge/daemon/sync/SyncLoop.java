package io.statebridge.daemon.sync;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executor;

/**
 * The one thread that all of this package runs on, and its time. Tasks run in order; none may
 * block.
 */
public interface SyncLoop extends Executor {

  /** Something that may still be called off. */
  interface Timer {
    void cancel();
  }

  /** Runs a task on the loop once, when the delay has passed. */
  Timer schedule(Duration delay, Runnable task);

  /**
   * To be called where only the loop may come.
   *
   * @throws IllegalStateException when the calling thread is not the loop's
   */
  void requireLoop();

  /** A clock that cannot be set; its beginning means nothing. */
  long nanoTime();

  /** The wall clock, for what people and records see. */
  Instant now();
}
