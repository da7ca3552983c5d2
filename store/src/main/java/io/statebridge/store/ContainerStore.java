package io.statebridge.store;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What is known of every container, in memory.
 *
 * <p>Each commit gets the next revision, without gaps, a time that is later than the one before,
 * and its place in the change log in one step under the one writer lock; a commit that changes
 * nothing is none. Revisions count within an epoch, which names one life of the store. Records are
 * immutable. {@link #get} takes no lock, and neither does {@link #snapshot} unless something was
 * committed since the last one. Nobody is called with the lock held. Thread-safe.
 *
 * <p>A container that is deleted is in no snapshot and no watch any more; how it ended can be asked
 * for a while longer, until a new one has its id.
 */
public final class ContainerStore {

  private final String epoch;
  private final InstantSource clock;
  private final ConcurrentSkipListMap<ContainerId, Container> containers =
      new ConcurrentSkipListMap<>();
  private final ReentrantLock writer = new ReentrantLock();

  // Guarded by writer.
  private final ChangeLog log;
  private Instant lastCommitAt = Instant.MIN;
  private final Set<WatchCursor> cursors = new LinkedHashSet<>();
  private final RemovedRecords removed;

  private volatile @Nullable Snapshot latest;

  /** A store of the system's time that keeps nothing of what was removed. */
  public ContainerStore(String epoch, int logCapacity) {
    this(epoch, logCapacity, Duration.ZERO, InstantSource.system());
  }

  /**
   * @param epoch names this life of the store; not empty
   * @param logCapacity how many changes are kept for watchers that lag or resume
   * @param retainRemoved how long the end of a container that was removed can be asked for, of the
   *     last 4096 of them
   * @param clock may stand still or be set back
   */
  public ContainerStore(
      String epoch, int logCapacity, Duration retainRemoved, InstantSource clock) {
    if (epoch.isEmpty()) {
      throw new IllegalArgumentException("the store's epoch is empty");
    }
    this.epoch = epoch;
    this.clock = clock;
    this.log = new ChangeLog(logCapacity);
    this.removed = new RemovedRecords(retainRemoved, clock);
  }

  public String epoch() {
    return epoch;
  }

  /** The last commit's revision; 0 before the first. */
  public long revision() {
    Snapshot known = latest;
    if (known != null) {
      return known.revision();
    }
    writer.lock();
    try {
      return log.lastRevision();
    } finally {
      writer.unlock();
    }
  }

  public Optional<Container> get(ContainerId id) {
    return Optional.ofNullable(containers.get(id));
  }

  /** All records and the revision they are of. The same object until the next commit. */
  public Snapshot snapshot() {
    Snapshot known = latest;
    if (known != null) {
      return known;
    }
    writer.lock();
    try {
      Snapshot fresh = latest;
      if (fresh == null) {
        fresh = new Snapshot(epoch, log.lastRevision(), List.copyOf(containers.values()));
        latest = fresh;
      }
      return fresh;
    } finally {
      writer.unlock();
    }
  }

  /** Likewise, and among them the kept records of containers that were removed. */
  public Snapshot snapshotWithRemoved() {
    writer.lock();
    try {
      List<Container> all = new ArrayList<>(containers.values());
      all.addAll(removed.all());
      all.sort(Comparator.comparing(Container::id));
      return new Snapshot(epoch, log.lastRevision(), List.copyOf(all));
    } finally {
      writer.unlock();
    }
  }

  /** The record; of a container that was removed the one that is kept of it, if it is. */
  public Optional<Container> getOrRemoved(ContainerId id) {
    writer.lock();
    try {
      Container container = containers.get(id);
      return Optional.ofNullable(container == null ? removed.get(id) : container);
    } finally {
      writer.unlock();
    }
  }

  /** Since when the ends of removed containers are kept. */
  Instant oldestRemoval() {
    writer.lock();
    try {
      return removed.all().stream().findFirst().map(Container::removedAt).orElseGet(clock::instant);
    } finally {
      writer.unlock();
    }
  }

  /**
   * Takes over what an earlier life knew; before anything else.
   *
   * @param records removed ones among them
   */
  public void restore(List<Container> records) {
    records.stream().filter(c -> c.removedAt() == null).forEach(this::create);
    writer.lock();
    try {
      records.stream()
          .filter(c -> c.removedAt() != null)
          .sorted(Comparator.comparing(c -> Objects.requireNonNull(c.removedAt())))
          .forEach(removed::keep);
    } finally {
      writer.unlock();
    }
  }

  /**
   * Adds a record.
   *
   * @return the record as stored, or empty when there already is one of that id
   */
  public Optional<Container> create(Container container) {
    return commit(container.id(), before -> before == null ? container : before)
        .filter(commit -> commit.change() != null && commit.change().before() == null)
        .map(Commit::record);
  }

  /**
   * Changes a record. The function is pure and quick, runs under the writer lock, and must keep the
   * id; when it throws, the record stays as it was.
   *
   * @return the record as it is now, or empty when there is none
   */
  public Optional<Container> update(ContainerId id, UnaryOperator<Container> function) {
    return commit(id, before -> before == null ? null : function.apply(before)).map(Commit::record);
  }

  /** Removes a record, of which the end is kept for a while; that there is none is as good. */
  public void delete(ContainerId id) {
    commit(id, before -> null);
  }

  /**
   * Follows all changes after a revision.
   *
   * @param after of this epoch
   * @param wakeUp see {@link WatchCursor}
   * @throws CompactedException when the log no longer, or not yet, holds what follows
   */
  public WatchCursor watch(long after, Runnable wakeUp) throws CompactedException {
    WatchCursor cursor = new WatchCursor(this, after, wakeUp);
    writer.lock();
    try {
      log.after(after);
      cursors.add(cursor);
      return cursor;
    } finally {
      writer.unlock();
    }
  }

  /** The earliest revision that a watch can resume from. */
  public long compactRevision() {
    writer.lock();
    try {
      return log.compactRevision();
    } finally {
      writer.unlock();
    }
  }

  Optional<Change> read(WatchCursor cursor, long position) throws CompactedException {
    writer.lock();
    try {
      Change change = log.after(position);
      cursor.parked = change == null;
      return Optional.ofNullable(change);
    } finally {
      writer.unlock();
    }
  }

  void remove(WatchCursor cursor) {
    writer.lock();
    try {
      cursors.remove(cursor);
    } finally {
      writer.unlock();
    }
  }

  private record Commit(Container record, @Nullable Change change) {}

  private interface Step {
    @Nullable Container apply(@Nullable Container before);
  }

  private Optional<Commit> commit(ContainerId id, Step step) {
    List<WatchCursor> toWake = List.of();
    @Nullable Commit commit;
    writer.lock();
    try {
      Container before = containers.get(id);
      Container after = step.apply(before);
      if (after == null && before == null) {
        return Optional.empty();
      }
      if (after != null && !after.id().equals(id)) {
        throw new IllegalArgumentException("an update of " + id + " returned " + after.id());
      }
      if (after != null && before != null && after.withRevision(before.revision()).equals(before)) {
        return Optional.of(new Commit(before, null));
      }
      long revision = log.lastRevision() + 1;
      @Nullable Container stored = after == null ? null : after.withRevision(revision);
      Change change = new Change(revision, nextCommitAt(), before, stored);
      if (stored == null) {
        containers.remove(id);
        if (before != null && before.exit() != null) {
          removed.keep(before.removed(change.at()));
        }
      } else {
        containers.put(id, stored);
        removed.forget(id);
      }
      log.append(change);
      latest = null;
      toWake = unpark();
      commit = stored == null ? null : new Commit(stored, change);
    } finally {
      writer.unlock();
    }
    toWake.forEach(WatchCursor::wakeUp);
    return Optional.ofNullable(commit);
  }

  private Instant nextCommitAt() {
    Instant now = clock.instant();
    lastCommitAt = now.isAfter(lastCommitAt) ? now : lastCommitAt.plusNanos(1);
    return lastCommitAt;
  }

  private List<WatchCursor> unpark() {
    List<WatchCursor> parked = new ArrayList<>();
    for (WatchCursor cursor : cursors) {
      if (cursor.parked) {
        cursor.parked = false;
        parked.add(cursor);
      }
    }
    return parked;
  }
}
