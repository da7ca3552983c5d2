package io.statebridge.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.statebridge.store.CheckpointStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the disk has come, and who waits for it. Nobody waits while degraded, nor for longer than
 * a bound: whoever has waited that long degrades it for all.
 *
 * <p>Thread-safe. Those who wait are told, and transitions are logged, without the lock held.
 */
final class Durability {

  private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);

  private record Waiter(long revision, CompletableFuture<@Nullable Void> reached) {}

  private final @Nullable Path path;
  private final Duration timeout;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();

  /** At most one per caller that waits, none for longer than the timeout. */
  @GuardedBy("lock")
  private final PriorityQueue<Waiter> waiters =
      new PriorityQueue<>(Comparator.comparingLong(Waiter::revision));

  @GuardedBy("lock")
  private State state;

  @GuardedBy("lock")
  private Instant since;

  @GuardedBy("lock")
  private String lastError = "";

  @GuardedBy("lock")
  private long durableRevision;

  @GuardedBy("lock")
  private long transactions;

  @GuardedBy("lock")
  private @Nullable Path setAside;

  @GuardedBy("lock")
  private boolean ended;

  /**
   * @param path null when there shall be no file
   */
  Durability(@Nullable Path path, Duration timeout, InstantSource clock) {
    this.path = path;
    this.timeout = timeout;
    this.clock = clock;
    state = path == null ? State.DISABLED : State.DURABLE;
    since = clock.instant();
  }

  CheckpointStatus status() {
    lock.lock();
    try {
      return new CheckpointStatus(
          state, since, lastError, durableRevision, transactions, path, setAside);
    } finally {
      lock.unlock();
    }
  }

  CompletionStage<@Nullable Void> of(long revision) {
    Waiter waiter = new Waiter(revision, new CompletableFuture<>());
    lock.lock();
    try {
      if (ended || state != State.DURABLE || revision <= durableRevision) {
        return CompletableFuture.completedStage(null);
      }
      waiters.add(waiter);
    } finally {
      lock.unlock();
    }
    return waiter
        .reached
        .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
        .exceptionally(
            timedOut -> {
              overdue(revision);
              return null;
            });
  }

  private void overdue(long revision) {
    String error =
        "%s: writing takes longer than %d ms; look at the disk".formatted(path, timeout.toMillis());
    lock.lock();
    try {
      if (revision <= durableRevision) {
        // It came just now. Nothing would follow to end a degraded state.
        return;
      }
    } finally {
      lock.unlock();
    }
    lost(error);
  }

  /** A transaction has brought everything up to a revision to the disk. */
  void reached(long revision) {
    List<Waiter> done = new ArrayList<>();
    boolean back;
    lock.lock();
    try {
      durableRevision = revision;
      transactions++;
      back = enter(State.DURABLE);
      while (!waiters.isEmpty() && waiters.element().revision <= revision) {
        done.add(waiters.remove());
      }
    } finally {
      lock.unlock();
    }
    if (back) {
      log.info("{}: durable again, and complete up to revision {}", path, revision);
    }
    release(done);
  }

  /**
   * What is committed does not reach the disk.
   *
   * @param error for people, with the file's name and the remedy
   */
  void lost(String error) {
    List<Waiter> all;
    boolean left;
    lock.lock();
    try {
      lastError = error;
      left = enter(State.DEGRADED);
      all = takeAll();
    } finally {
      lock.unlock();
    }
    if (left) {
      log.warn("degraded, going on in memory: {}", error);
    }
    release(all);
  }

  /** A file that is none of ours, or none any more, was renamed. */
  void setAside(Path newName, String why) {
    lock.lock();
    try {
      lastError = why;
      setAside = newName;
    } finally {
      lock.unlock();
    }
    log.warn("set aside as {}: {}", newName, why);
  }

  /** Nothing will be written any more. */
  void end() {
    List<Waiter> all;
    lock.lock();
    try {
      ended = true;
      all = takeAll();
    } finally {
      lock.unlock();
    }
    release(all);
  }

  @GuardedBy("lock")
  private boolean enter(State next) {
    if (state == next) {
      return false;
    }
    state = next;
    since = clock.instant();
    return true;
  }

  @GuardedBy("lock")
  private List<Waiter> takeAll() {
    List<Waiter> all = new ArrayList<>(waiters);
    waiters.clear();
    return all;
  }

  private static void release(List<Waiter> waiters) {
    waiters.forEach(w -> w.reached.complete(null));
  }
}
