package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How containers ended that are gone: each one's last record, for a while, so that an exit can
 * still be asked for by somebody who comes after the removal, and so that an event that comes late
 * is not taken for another container's. The longest gone go first, when their time is over or when
 * there are too many. Guarded by the store's lock.
 */
final class RemovedRecords {

  /** A few mebibytes. */
  static final int MAX = 4096;

  /** Events come late by some seconds; for so long at least the record is kept for ourselves. */
  static final Duration LATE_EVENTS = Duration.ofMinutes(1);

  private final Duration retention;
  private final InstantSource clock;

  /** In the order of their removal. */
  private final Map<ContainerId, Entry> records = new LinkedHashMap<>();

  /** Those of them whose id a new container has. */
  private final Set<ContainerId> succeeded = new HashSet<>();

  /** Those of them that the checkpoint has as they were before. */
  private final Set<ContainerId> amended = new HashSet<>();

  /**
   * @param retention how long they can be asked for; zero: not at all
   */
  RemovedRecords(Duration retention, InstantSource clock) {
    this.retention = retention;
    this.clock = clock;
  }

  /**
   * @param removed in the order of removal
   */
  void keep(Entry removed) {
    drop(removed.id());
    records.remove(removed.id());
    records.put(removed.id(), removed);
    expire();
  }

  /** The exit of one that is kept is known better now. Returns whether it is kept. */
  boolean amend(ContainerRecord record) {
    @Nullable Entry before = last(record.id());
    if (before == null) {
      return false;
    }
    records.put(record.id(), new Entry(record, before.revision(), before.removedAt()));
    amended.add(record.id());
    return true;
  }

  /** Those that can be asked for and were amended since this was called last. */
  List<Entry> takeAmended() {
    if (amended.isEmpty()) {
      return List.of();
    }
    List<Entry> entries = all().stream().filter(e -> amended.contains(e.id())).toList();
    amended.clear();
    return entries;
  }

  /** A new container has the id: the old one is of use for late events alone. */
  void succeeded(ContainerId id) {
    if (records.containsKey(id)) {
      succeeded.add(id);
    }
    amended.remove(id);
  }

  /** The one that can be asked for. */
  @Nullable Entry get(ContainerId id) {
    Entry removed = last(id);
    return removed == null || !canBeAskedFor(removed) ? null : removed;
  }

  /** Likewise, or one that is kept for late events alone. */
  @Nullable Entry last(ContainerId id) {
    expire();
    return records.get(id);
  }

  /** Those that can be asked for, in the order of their removal. */
  List<Entry> all() {
    expire();
    return records.values().stream().filter(this::canBeAskedFor).toList();
  }

  private void drop(ContainerId id) {
    amended.remove(id);
    succeeded.remove(id);
  }

  private void expire() {
    Duration longest = retention.compareTo(LATE_EVENTS) > 0 ? retention : LATE_EVENTS;
    Iterator<Entry> oldest = records.values().iterator();
    while (oldest.hasNext()) {
      Entry entry = oldest.next();
      if (!isOver(entry, longest) && records.size() <= MAX) {
        return;
      }
      oldest.remove();
      drop(entry.id());
    }
  }

  /** A commit may be dated some nanoseconds ahead of the clock: without retention it never can. */
  private boolean canBeAskedFor(Entry removed) {
    return !retention.isZero() && !succeeded.contains(removed.id()) && !isOver(removed, retention);
  }

  private boolean isOver(Entry removed, Duration afterRemoval) {
    Instant removedAt = removed.removedAt();
    return removedAt == null || !removedAt.plus(afterRemoval).isAfter(clock.instant());
  }
}
