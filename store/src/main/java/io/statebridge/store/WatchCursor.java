package io.statebridge.store;

import java.util.Optional;

/**
 * One watcher's place in the change log. It costs the writer nothing: a watcher that is too slow is
 * overtaken and told so, and neither the writer nor another watcher ever waits for it.
 *
 * <p>{@link #next} is for one thread at a time. The wake-up is called after a commit, by the
 * committing thread and without a lock held, once each time the cursor had reached the end of the
 * log; it must return at once.
 */
public final class WatchCursor implements AutoCloseable {

  private final ContainerStore store;
  private final Runnable wakeUp;
  private long position;

  /**
   * Whether the watcher has seen the end of the log and wants to hear of the next commit. Store's
   * lock.
   */
  boolean parked;

  WatchCursor(ContainerStore store, long position, Runnable wakeUp) {
    this.store = store;
    this.position = position;
    this.wakeUp = wakeUp;
  }

  /** The last revision that was handed out, or was started from. */
  public long position() {
    return position;
  }

  /**
   * The next change, or empty at the end of the log; then the wake-up follows the next commit.
   *
   * @throws CompactedException when the log has overtaken this cursor
   */
  public Optional<Change> next() throws CompactedException {
    Optional<Change> change = store.read(this, position);
    change.ifPresent(c -> position = c.revision());
    return change;
  }

  void wakeUp() {
    wakeUp.run();
  }

  /** The watcher wants no more. Idempotent. */
  @Override
  public void close() {
    store.remove(this);
  }
}
