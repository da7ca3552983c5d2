package io.statebridge.daemon.ops;

import io.statebridge.daemon.sync.SyncLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sync loop as a thread. Owns it; what comes after {@link #close} is let go. */
public final class SyncThread implements SyncLoop, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SyncThread.class);
  private static final long CLOSE_TIMEOUT_SECONDS = 1;

  private final ScheduledThreadPoolExecutor thread;
  private volatile @Nullable Thread worker;

  private final Consumer<Error> fatal;

  /**
   * @param fatal is told of an error, after which the loop is not to be relied on
   */
  public SyncThread(Consumer<Error> fatal) {
    this.fatal = fatal;
    thread = new ScheduledThreadPoolExecutor(1, this::newWorker);
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  private Thread newWorker(Runnable work) {
    Thread fresh = Thread.ofPlatform().name("sync").daemon().unstarted(work);
    worker = fresh;
    return fresh;
  }

  @Override
  public void requireLoop() {
    if (!Thread.currentThread().equals(worker)) {
      throw new IllegalStateException(
          "called on thread '%s', which is not the sync loop's"
              .formatted(Thread.currentThread().getName()));
    }
  }

  @Override
  public void execute(Runnable task) {
    try {
      thread.execute(guarded(task));
    } catch (RejectedExecutionException e) {
      log.debug("closed, letting go of a task");
    }
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    try {
      Future<?> future = thread.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    } catch (RejectedExecutionException e) {
      return () -> {};
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Instant now() {
    return Instant.now();
  }

  /** One task's bug must neither end the loop nor go unseen. */
  private Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        log.error("unexpected, going on", e);
      } catch (Error e) {
        fatal.accept(e);
      }
    };
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
