package io.statebridge.store;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How containers ended that are gone: each one's last record, for a while, so that an exit can
 * still be asked for by somebody who comes after the removal. The longest gone go first, when their
 * time is over or when there are too many. Guarded by the store's lock.
 */
final class RemovedRecords {

  /** A few mebibytes. */
  static final int MAX = 4096;

  private final Duration retention;
  private final InstantSource clock;

  /** In the order of their removal. */
  private final Map<ContainerId, Container> records = new LinkedHashMap<>();

  /**
   * @param retention zero: nothing is kept
   */
  RemovedRecords(Duration retention, InstantSource clock) {
    this.retention = retention;
    this.clock = clock;
  }

  /**
   * @param removed in the order of removal
   */
  void keep(Container removed) {
    if (retention.isZero()) {
      return;
    }
    records.put(removed.id(), removed);
    expire();
  }

  /** A new container has the id. */
  void forget(ContainerId id) {
    records.remove(id);
  }

  @Nullable Container get(ContainerId id) {
    expire();
    return records.get(id);
  }

  Collection<Container> all() {
    expire();
    return records.values();
  }

  private void expire() {
    Instant now = clock.instant();
    Iterator<Container> oldest = records.values().iterator();
    while (oldest.hasNext()) {
      Instant removedAt = oldest.next().removedAt();
      boolean over = removedAt == null || !removedAt.plus(retention).isAfter(now);
      if (!over && records.size() <= MAX) {
        return;
      }
      oldest.remove();
    }
  }
}
