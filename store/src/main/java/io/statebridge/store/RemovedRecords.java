package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How containers ended that are gone: each one's last record, for a while, so that an exit can
 * still be asked for by somebody who comes after the removal, and so that an event that comes late
 * is not taken for another container's. The longest gone go first, when their time is over or when
 * there are too many. Their time is measured by a clock that nobody can set; the wall clock counts
 * for what passed before an earlier life's records were restored, and cannot make them younger than
 * zero. Changed with the store's lock held; {@link #get}, {@link #all} and {@link #beginningWith}
 * are for any thread and take none.
 */
final class RemovedRecords {

  /** A few mebibytes. */
  static final int MAX = 4096;

  /** Of one id. Who makes one anew more often within a minute loses the oldest for late events. */
  static final int MAX_PER_ID = 4;

  /** Events come late by some seconds; for so long at least the record is kept for ourselves. */
  static final Duration LATE_EVENTS = Duration.ofMinutes(1);

  private final Duration retention;
  private final InstantSource clock;
  private final LongSupplier nanoTime;

  /** By id the last first; in the order of the last removals. */
  private final Map<ContainerId, List<Kept>> records = new LinkedHashMap<>();

  /** Those that can be asked for until their time is over: no other container has their id. */
  private final ConcurrentSkipListMap<ContainerId, Kept> index = new ConcurrentSkipListMap<>();

  /** Those of them that the checkpoint has as they were before. */
  private final Set<ContainerId> amended = new HashSet<>();

  /**
   * @param retention how long they can be asked for; zero: not at all
   */
  RemovedRecords(Duration retention, InstantSource clock, LongSupplier nanoTime) {
    this.retention = retention;
    this.clock = clock;
    this.nanoTime = nanoTime;
  }

  /** One that was removed just now. */
  void keep(Entry removed) {
    keep(removed, Duration.ZERO);
  }

  /**
   * One that was removed in an earlier life of the store.
   *
   * @param removed in the order of removal
   */
  void restore(Entry removed, Instant removedAt) {
    Duration age = Duration.between(removedAt, clock.instant());
    keep(removed, age.isNegative() ? Duration.ZERO : age);
  }

  private void keep(Entry removed, Duration age) {
    drop(removed.id());
    List<Kept> all = new ArrayList<>();
    all.add(new Kept(removed, age, nanoTime.getAsLong()));
    @Nullable List<Kept> before = records.remove(removed.id());
    if (before != null) {
      before.stream().filter(this::isForLateEvents).limit(MAX_PER_ID - 1L).forEach(all::add);
    }
    records.put(removed.id(), List.copyOf(all));
    index.put(removed.id(), all.getFirst());
    expire();
  }

  /** The exit of one that is kept is known better now. Returns whether that changed anything. */
  boolean amend(ContainerRecord record) {
    expire();
    List<Kept> before = records.getOrDefault(record.id(), List.of());
    List<Kept> after = before.stream().map(kept -> kept.amended(record)).toList();
    if (after.equals(before)) {
      return false;
    }
    records.put(record.id(), after);
    if (!after.getFirst().equals(before.getFirst()) && index.containsKey(record.id())) {
      index.put(record.id(), after.getFirst());
      amended.add(record.id());
    }
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
    drop(id);
  }

  /** The one that can be asked for. */
  @Nullable Entry get(ContainerId id) {
    @Nullable Kept kept = index.get(id);
    return kept == null || !canBeAskedFor(kept) ? null : kept.entry();
  }

  /**
   * All that were removed and had this id, the last first, also those kept for late events alone.
   */
  List<ContainerRecord> of(ContainerId id) {
    expire();
    return records.getOrDefault(id, List.of()).stream().map(kept -> kept.entry().record()).toList();
  }

  /** Those that can be asked for, in the order of their ids. */
  List<Entry> all() {
    return askedFor(index).toList();
  }

  /** Those of them whose id begins so. */
  Stream<Entry> beginningWith(String namespace, String prefix) {
    return askedFor(ContainerStore.beginningWith(index, namespace, prefix));
  }

  /** When the first of those that can be asked for was removed. */
  Optional<Instant> oldest() {
    return askedFor(index)
        .map(Entry::removedAt)
        .flatMap(Stream::ofNullable)
        .min(Comparator.naturalOrder());
  }

  private Stream<Entry> askedFor(Map<ContainerId, Kept> some) {
    return some.values().stream().filter(this::canBeAskedFor).map(Kept::entry);
  }

  private void drop(ContainerId id) {
    amended.remove(id);
    index.remove(id);
  }

  private void expire() {
    Iterator<List<Kept>> oldest = records.values().iterator();
    while (oldest.hasNext()) {
      Kept kept = oldest.next().getFirst();
      if (isOfUse(kept) && records.size() <= MAX) {
        return;
      }
      oldest.remove();
      drop(kept.entry().id());
    }
  }

  private boolean canBeAskedFor(Kept kept) {
    return kept.age().plus(heldFor(kept)).compareTo(retention) < 0;
  }

  private boolean isOfUse(Kept kept) {
    return isForLateEvents(kept) || canBeAskedFor(kept);
  }

  /**
   * Events of before a restart come after it: here the time counts that it is held in this life.
   */
  private boolean isForLateEvents(Kept kept) {
    return heldFor(kept).compareTo(LATE_EVENTS) < 0;
  }

  private Duration heldFor(Kept kept) {
    return Duration.ofNanos(nanoTime.getAsLong() - kept.sinceNanos());
  }

  /**
   * @param age time since its removal when this life of the store got it
   * @param sinceNanos when that was
   */
  private record Kept(Entry entry, Duration age, long sinceNanos) {
    /** With the record in its place, if that is of the same container and run. */
    Kept amended(ContainerRecord record) {
      ContainerRecord before = entry.record();
      boolean same =
          before.run().pid() == record.run().pid()
              && Objects.equals(before.info().createdAt(), record.info().createdAt());
      return same
          ? new Kept(new Entry(record, entry.revision(), entry.removedAt()), age, sinceNanos)
          : this;
    }
  }
}
