package io.statebridge.store;

import org.jspecify.annotations.Nullable;

/**
 * The last commits, as a ring that overwrites its oldest. Revisions are gapless, so a revision is
 * its own index.
 *
 * <p>Guarded by the store's lock, readers too: a read is one array access.
 */
final class ChangeLog {

  private final @Nullable Change[] ring;
  private long last;

  /**
   * @param capacity in changes
   */
  ChangeLog(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException(
          "the change log must hold at least 1 change, not " + capacity);
    }
    ring = new Change[capacity];
  }

  long lastRevision() {
    return last;
  }

  /** The earliest revision whose successors are all still here. */
  long compactRevision() {
    return Math.max(0, last - ring.length);
  }

  void append(Change change) {
    if (change.revision() != last + 1) {
      throw new IllegalStateException("revision " + change.revision() + " does not follow " + last);
    }
    last = change.revision();
    ring[index(last)] = change;
  }

  /** The change after a revision, or null at the end of the log. */
  @Nullable Change after(long revision) throws CompactedException {
    if (revision < compactRevision() || revision > last) {
      throw new CompactedException(revision, compactRevision(), last);
    }
    return revision == last ? null : ring[index(revision + 1)];
  }

  private int index(long revision) {
    return (int) (revision % ring.length);
  }
}
