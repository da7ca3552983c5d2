package io.statebridge.endtoend;

import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** All changes that any watcher was told, by epoch and revision. Thread-safe. */
final class ChaosHistory {
  private final ConcurrentMap<String, ConcurrentSkipListMap<Long, Container>> epochs =
      new ConcurrentHashMap<>();

  private ConcurrentSkipListMap<Long, Container> epoch(String epoch) {
    return epochs.computeIfAbsent(epoch, _ -> new ConcurrentSkipListMap<>());
  }

  /** Adds a change; whether others were told the same. */
  boolean agrees(WatchContainersResponse change) {
    Container known =
        epoch(change.getEpoch()).putIfAbsent(change.getRevision(), change.getContainer());
    return known == null || known.equals(change.getContainer());
  }

  /** Whether somebody was told of a change in the namespace after one revision, up to another. */
  boolean skipped(String epoch, String namespace, long after, long upTo) {
    return upTo > after
        && epoch(epoch).subMap(after, false, upTo, true).values().stream()
            .anyMatch(record -> namespace.isEmpty() || record.getNamespace().equals(namespace));
  }

  /** Forgets what no watcher will be told again. */
  void clear() {
    epochs.clear();
  }
}
