package io.statebridge.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
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
 * <p>A store begins incomplete: what is not in it may be in the runtime all the same, until the
 * runtime's lists have once been compared with it, in this life or in the one that it restored.
 *
 * <p>A container that is deleted is in no snapshot and no watch any more; how it ended can be asked
 * for a while longer, until a new one has its id.
 */
public final class ContainerStore {

  private final String epoch;
  private final InstantSource clock;
  private final ConcurrentSkipListMap<ContainerId, Entry> containers =
      new ConcurrentSkipListMap<>();
  private final ReentrantLock writer = new ReentrantLock();

  @GuardedBy("writer")
  private final ChangeLog log;

  @GuardedBy("writer")
  private Instant lastCommitAt = Instant.MIN;

  @GuardedBy("writer")
  private final Cursors cursors = new Cursors();

  /** Changed with the lock held. */
  private final RemovedRecords removed;

  @GuardedBy("writer")
  private final OutOfMemoryNotes outOfMemory = new OutOfMemoryNotes();

  private volatile @Nullable Snapshot latest;
  private volatile boolean complete;
  private final Set<Runnable> awaitingCompleteness = ConcurrentHashMap.newKeySet();

  /** The last revision whose commit has begun: tells who reads without the lock that one did. */
  private volatile long begun;

  /** A store of the system's time that keeps nothing of what was removed. */
  public ContainerStore(String epoch, int logCapacity) {
    this(epoch, logCapacity, Duration.ZERO, InstantSource.system(), System::nanoTime);
  }

  /**
   * @param epoch names this life of the store; not empty
   * @param logCapacity how many changes are kept for watchers that lag or resume
   * @param retainRemoved how long the end of a container that was removed can be asked for, of the
   *     last 4096 of them
   * @param clock dates the commits; may stand still or be set back
   * @param nanoTime measures how long a removed container's end is kept; like {@link
   *     System#nanoTime}
   */
  public ContainerStore(
      String epoch,
      int logCapacity,
      Duration retainRemoved,
      InstantSource clock,
      LongSupplier nanoTime) {
    if (epoch.isEmpty()) {
      throw new IllegalArgumentException("the store's epoch is empty");
    }
    this.epoch = epoch;
    this.clock = clock;
    this.log = new ChangeLog(logCapacity);
    this.removed = new RemovedRecords(retainRemoved, clock, nanoTime);
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

  /** The records are all that the runtime has, from now on; once is enough. */
  public void complete() {
    List<WatchCursor> toWake;
    writer.lock();
    try {
      complete = true;
      // The checkpoint keeps that, too.
      toWake = cursors.unparkOfAll();
    } finally {
      writer.unlock();
    }
    awaitingCompleteness.forEach(this::runOnce);
    toWake.forEach(WatchCursor::wakeUp);
  }

  /** Whether what is not in it is not in the runtime either, as far as events tell since. */
  public boolean isComplete() {
    return complete;
  }

  /**
   * Runs something once the store is complete, at once if it is.
   *
   * @param task quick; may run on the thread of who completes it
   */
  public void whenComplete(Runnable task) {
    awaitingCompleteness.add(task);
    if (complete) {
      runOnce(task);
    }
  }

  /** No longer waits for that. */
  public void forget(Runnable task) {
    awaitingCompleteness.remove(task);
  }

  private void runOnce(Runnable task) {
    if (awaitingCompleteness.remove(task)) {
      task.run();
    }
  }

  public Optional<Entry> get(ContainerId id) {
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
      return lockedSnapshot();
    } finally {
      writer.unlock();
    }
  }

  @GuardedBy("writer")
  private Snapshot lockedSnapshot() {
    Snapshot fresh = latest;
    if (fresh == null) {
      fresh = new Snapshot(epoch, log.lastRevision(), List.copyOf(containers.values()));
      latest = fresh;
    }
    return fresh;
  }

  /** Likewise, and among them the kept records of containers that were removed. */
  public Snapshot snapshotWithRemoved() {
    writer.lock();
    try {
      return lockedSnapshotWithRemoved();
    } finally {
      writer.unlock();
    }
  }

  @GuardedBy("writer")
  private Snapshot lockedSnapshotWithRemoved() {
    List<Entry> all = new ArrayList<>(containers.values());
    all.addAll(removed.all());
    all.sort(Comparator.comparing(Entry::id));
    return new Snapshot(epoch, log.lastRevision(), List.copyOf(all));
  }

  /**
   * The record; of a container that was removed the one that is kept of it, if it is. Takes no
   * lock.
   */
  public Optional<Entry> getOrRemoved(ContainerId id) {
    return Optional.ofNullable(entryOrRemoved(id));
  }

  private @Nullable Entry entryOrRemoved(ContainerId id) {
    while (true) {
      long before = begun;
      @Nullable Entry entry = containers.get(id);
      if (entry == null) {
        entry = removed.get(id);
      }
      if (entry == null) {
        // It may have been created anew between the two.
        entry = containers.get(id);
      }
      // And have ended and been removed again, so that each of the three came at the wrong time.
      if (entry != null || begun == before) {
        return entry;
      }
    }
  }

  /**
   * The records whose id begins so, in their order. Takes no lock: what is committed meanwhile may
   * be in it or not.
   *
   * @param namespace empty for any
   */
  public List<Entry> beginningWith(String namespace, String prefix) {
    return List.copyOf(beginningWith(containers, namespace, prefix).values());
  }

  /** The same of those that are kept of containers that were removed. */
  public List<Entry> removedBeginningWith(String namespace, String prefix) {
    return removed.beginningWith(namespace, prefix).toList();
  }

  static <T> Map<ContainerId, T> beginningWith(
      ConcurrentSkipListMap<ContainerId, T> all, String namespace, String prefix) {
    Map<ContainerId, T> matching = new LinkedHashMap<>();
    boolean adjacent = !namespace.isEmpty() && !prefix.isEmpty();
    Map<ContainerId, T> candidates =
        adjacent ? all.tailMap(new ContainerId(namespace, prefix)) : all;
    for (Map.Entry<ContainerId, T> each : candidates.entrySet()) {
      ContainerId id = each.getKey();
      boolean ofNamespace = namespace.isEmpty() || id.namespace().equals(namespace);
      if (ofNamespace && id.id().startsWith(prefix)) {
        matching.put(id, each.getValue());
      } else if (adjacent) {
        break;
      }
    }
    return matching;
  }

  /**
   * The last records of the containers that had this id and were removed, the last first, also if
   * another has the id by now: for a minute at least, however short such records can be asked for.
   */
  public List<ContainerRecord> removedOf(ContainerId id) {
    writer.lock();
    try {
      return removed.of(id);
    } finally {
      writer.unlock();
    }
  }

  /** The end of a container that was removed is known better now. That is in no watch. */
  public void amendRemoved(ContainerRecord record) {
    List<WatchCursor> toWake = List.of();
    writer.lock();
    try {
      if (removed.amend(record)) {
        toWake = cursors.unparkOfAll();
      }
    } finally {
      writer.unlock();
    }
    toWake.forEach(WatchCursor::wakeUp);
  }

  /** The kept records that were amended since the checkpoint, which alone asks, last did. */
  List<Entry> takeAmended() {
    writer.lock();
    try {
      return removed.takeAmended();
    } finally {
      writer.unlock();
    }
  }

  /**
   * Notes for the reason of its exit that a run ran out of memory. No record changes.
   *
   * @param pid of the run, 0 when none is known
   */
  public void noteOutOfMemory(ContainerId id, long pid) {
    List<WatchCursor> toWake = List.of();
    writer.lock();
    try {
      if (outOfMemory.add(id, pid)) {
        // The checkpoint keeps notes, too.
        toWake = cursors.unparkOfAll();
      }
    } finally {
      writer.unlock();
    }
    toWake.forEach(WatchCursor::wakeUp);
  }

  /** Whether that is noted of a run. */
  public boolean ranOutOfMemory(ContainerId id, long pid) {
    writer.lock();
    try {
      return outOfMemory.has(id, pid);
    } finally {
      writer.unlock();
    }
  }

  /** All such notes: by container the run's pid, 0 when none was known. */
  public Map<ContainerId, Long> outOfMemoryNotes() {
    writer.lock();
    try {
      return outOfMemory.all();
    } finally {
      writer.unlock();
    }
  }

  /** Since when the ends of removed containers are kept. */
  Instant oldestRemoval() {
    writer.lock();
    try {
      return removed.oldest().orElseGet(clock::instant);
    } finally {
      writer.unlock();
    }
  }

  /**
   * Takes over what an earlier life knew; before anything else.
   *
   * @param entries removed ones among them
   */
  public void restore(List<Entry> entries) {
    entries.stream().filter(e -> e.removedAt() == null).forEach(e -> create(e.record()));
    List<Entry> gone =
        entries.stream()
            .filter(e -> e.removedAt() != null)
            .sorted(Comparator.comparing(e -> Objects.requireNonNull(e.removedAt())))
            .toList();
    writer.lock();
    try {
      for (Entry entry : gone) {
        removed.restore(entry, Objects.requireNonNull(entry.removedAt()));
      }
    } finally {
      writer.unlock();
    }
  }

  /**
   * Adds a record.
   *
   * @return the record as stored, or empty when there already is one of that id
   */
  public Optional<Entry> create(ContainerRecord record) {
    return commit(record.id(), before -> before == null ? record : before)
        .filter(commit -> commit.change() != null && commit.change().before() == null)
        .map(Commit::entry);
  }

  /**
   * Changes a record. The function is pure and quick, runs under the writer lock, and must keep the
   * id; when it throws, the record stays as it was.
   *
   * @return the record as it is now, or empty when there is none
   */
  public Optional<Entry> update(ContainerId id, UnaryOperator<ContainerRecord> function) {
    return commit(id, before -> before == null ? null : function.apply(before)).map(Commit::entry);
  }

  /** Removes a record, of which the end is kept for a while; that there is none is as good. */
  public void delete(ContainerId id) {
    commit(id, before -> null);
  }

  /**
   * All records and, after them, all changes.
   *
   * @param wakeUp see {@link WatchCursor}
   */
  public Following follow(Runnable wakeUp) {
    writer.lock();
    try {
      return new Following(lockedSnapshot(), lockedCursor(log.lastRevision(), Set.of(), wakeUp));
    } finally {
      writer.unlock();
    }
  }

  /** Likewise, with the kept records of containers that were removed in the snapshot. */
  Following followWithRemoved(Runnable wakeUp) {
    writer.lock();
    try {
      return new Following(
          lockedSnapshotWithRemoved(), lockedCursor(log.lastRevision(), Set.of(), wakeUp));
    } finally {
      writer.unlock();
    }
  }

  /**
   * Those of some containers alone, the kept ones of those that were removed among them. The
   * wake-up is called for their changes only.
   *
   * @param ids not empty
   */
  public Following follow(Set<ContainerId> ids, Runnable wakeUp) {
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("no id to follow");
    }
    List<ContainerId> sorted = ids.stream().sorted().toList();
    writer.lock();
    try {
      List<Entry> entries = new ArrayList<>();
      for (ContainerId id : sorted) {
        @Nullable Entry entry = entryOrRemoved(id);
        if (entry != null) {
          entries.add(entry);
        }
      }
      long revision = log.lastRevision();
      return new Following(
          new Snapshot(epoch, revision, List.copyOf(entries)),
          lockedCursor(revision, Set.copyOf(ids), wakeUp));
    } finally {
      writer.unlock();
    }
  }

  /**
   * All changes after a revision.
   *
   * @param after of this epoch
   * @param wakeUp see {@link WatchCursor}
   * @throws CompactedException when the log no longer, or not yet, holds what follows
   */
  public WatchCursor resume(long after, Runnable wakeUp) throws CompactedException {
    writer.lock();
    try {
      log.after(after);
      return lockedCursor(after, Set.of(), wakeUp);
    } finally {
      writer.unlock();
    }
  }

  @GuardedBy("writer")
  private WatchCursor lockedCursor(long position, Set<ContainerId> ids, Runnable wakeUp) {
    WatchCursor cursor = new WatchCursor(this, position, ids, wakeUp);
    cursors.add(cursor);
    return cursor;
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

  Optional<Change> read(WatchCursor cursor) throws CompactedException {
    writer.lock();
    try {
      if (cursor.parked && !cursor.ids().isEmpty()) {
        return Optional.empty();
      }
      Change change = log.after(cursor.position);
      while (change != null) {
        cursor.position = change.revision();
        if (cursor.follows(change.id())) {
          return Optional.of(change);
        }
        change = log.after(cursor.position);
      }
      cursor.parked = true;
      return Optional.empty();
    } finally {
      writer.unlock();
    }
  }

  long position(WatchCursor cursor) {
    writer.lock();
    try {
      return cursor.parked && !cursor.ids().isEmpty() ? log.lastRevision() : cursor.position;
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

  private record Commit(Entry entry, @Nullable Change change) {}

  private interface Step {
    @Nullable ContainerRecord apply(@Nullable ContainerRecord before);
  }

  private Optional<Commit> commit(ContainerId id, Step step) {
    List<WatchCursor> toWake = List.of();
    @Nullable Commit commit;
    writer.lock();
    try {
      Entry before = containers.get(id);
      ContainerRecord after = step.apply(before == null ? null : before.record());
      if (after == null && before == null) {
        return Optional.empty();
      }
      if (after != null && !after.id().equals(id)) {
        throw new IllegalArgumentException("an update of " + id + " returned " + after.id());
      }
      if (after != null && before != null && after.equals(before.record())) {
        return Optional.of(new Commit(before, null));
      }
      long revision = log.lastRevision() + 1;
      @Nullable Entry stored = after == null ? null : new Entry(after, revision, null);
      Change change = new Change(revision, nextCommitAt(), before, stored);
      // Before the records change: whoever has read the new record must get no older snapshot, or
      // revision, after it.
      latest = null;
      begun = revision;
      if (stored == null) {
        // In this order, that whoever reads without the lock finds it in one of them.
        if (before != null && before.record().exit() != null) {
          removed.keep(new Entry(before.record().ofRemoved(), before.revision(), change.at()));
        }
        containers.remove(id);
      } else {
        containers.put(id, stored);
        if (before == null) {
          removed.succeeded(id);
        }
      }
      outOfMemory.committed(id, after);
      log.append(change);
      toWake = cursors.unpark(id, revision);
      commit = stored == null ? null : new Commit(stored, change);
    } finally {
      writer.unlock();
    }
    toWake.forEach(WatchCursor::wakeUp);
    return Optional.ofNullable(commit);
  }

  @GuardedBy("writer")
  private Instant nextCommitAt() {
    Instant now = clock.instant();
    lastCommitAt = now.isAfter(lastCommitAt) ? now : lastCommitAt.plusNanos(1);
    return lastCommitAt;
  }
}
