package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The open cursors, by what they follow, so that a commit costs nothing for those that follow other
 * ids. Guarded by the store's lock.
 */
final class Cursors {

  private final Set<WatchCursor> ofAll = new LinkedHashSet<>();
  private final Map<ContainerId, Set<WatchCursor>> byId = new HashMap<>();

  void add(WatchCursor cursor) {
    if (cursor.ids().isEmpty()) {
      ofAll.add(cursor);
    }
    for (ContainerId id : cursor.ids()) {
      byId.computeIfAbsent(id, key -> new LinkedHashSet<>()).add(cursor);
    }
  }

  void remove(WatchCursor cursor) {
    ofAll.remove(cursor);
    for (ContainerId id : cursor.ids()) {
      byId.computeIfPresent(
          id,
          (key, cursors) -> {
            cursors.remove(cursor);
            return cursors.isEmpty() ? null : cursors;
          });
    }
  }

  /** Those that wait for a commit of this id; from now on they do not. */
  List<WatchCursor> unpark(ContainerId id, long revision) {
    List<WatchCursor> parked = unparkOfAll();
    for (WatchCursor cursor : byId.getOrDefault(id, Set.of())) {
      if (cursor.parked) {
        // Nothing of what it follows was committed since it came to the end of the log.
        cursor.position = revision - 1;
        cursor.parked = false;
        parked.add(cursor);
      }
    }
    return parked;
  }

  List<WatchCursor> unparkOfAll() {
    return unpark(ofAll);
  }

  private static List<WatchCursor> unpark(Collection<WatchCursor> cursors) {
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
