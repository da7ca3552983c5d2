package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.util.Optional;
import java.util.Set;

/**
 * One follower's place in the change log. It costs the writer nothing: a follower that is too slow
 * is overtaken and told so, and neither the writer nor another follower ever waits for it.
 *
 * <p>{@link #next} is for one thread at a time. The wake-up is called after a commit, by the
 * committing thread and without a lock held, once each time the cursor had reached the end of the
 * log; it must return at once. It may be called though there is no change to read. A cursor that
 * follows some ids is not called for others, and while it waits none of theirs overtakes it.
 *
 * <p>Its position, and whether it waits, are guarded by the store's lock.
 */
public final class WatchCursor implements AutoCloseable {

  private final ContainerStore store;
  private final Set<ContainerId> ids;
  private final Runnable wakeUp;

  long position;

  /** Whether the follower has seen the end of the log and wants to hear of the next commit. */
  boolean parked;

  /**
   * @param ids that are followed; empty: all
   */
  WatchCursor(ContainerStore store, long position, Set<ContainerId> ids, Runnable wakeUp) {
    this.store = store;
    this.position = position;
    this.ids = ids;
    this.wakeUp = wakeUp;
  }

  Set<ContainerId> ids() {
    return ids;
  }

  boolean follows(ContainerId id) {
    return ids.isEmpty() || ids.contains(id);
  }

  /** The last revision up to which all that it follows was handed out. */
  public long position() {
    return store.position(this);
  }

  /**
   * The next change, or empty at the end of the log; then the wake-up follows the next commit.
   *
   * @throws CompactedException when the log has overtaken this cursor
   */
  public Optional<Change> next() throws CompactedException {
    return store.read(this);
  }

  void wakeUp() {
    wakeUp.run();
  }

  /** The follower wants no more. Idempotent. */
  @Override
  public void close() {
    store.remove(this);
  }
}
