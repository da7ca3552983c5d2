package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Run.Ended;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which runs are reported to have run out of memory, for the reason of their exits. No part of any
 * record. A note goes with its run, or as the oldest of too many. Guarded by the store's lock.
 */
final class OutOfMemoryNotes {

  /** As many as a node has containers; one more replaces the oldest. */
  static final int MAX = 4096;

  /** By container: the run's pid, 0 when no run was known. */
  private final Map<ContainerId, Long> pids = new LinkedHashMap<>();

  private @Nullable Map<ContainerId, Long> copy;

  /** Returns whether that is new. */
  boolean add(ContainerId id, long pid) {
    copy = null;
    @Nullable Long before = pids.put(id, pid);
    if (pids.size() > MAX) {
      pids.remove(pids.keySet().iterator().next());
    }
    return before == null || before != pid;
  }

  boolean has(ContainerId id, long pid) {
    @Nullable Long noted = pids.get(id);
    return noted != null && (noted == 0 || noted == pid);
  }

  /** A record was committed, null when it was removed. */
  void committed(ContainerId id, @Nullable ContainerRecord after) {
    // The exit that replaces one that was not observed still needs it.
    if (after == null
        || (after.run() instanceof Ended ended && !ended.exit().isUnseen())
        || (pids.containsKey(id) && !has(id, after.run().lastPid()))) {
      copy = pids.remove(id) == null ? copy : null;
    }
  }

  /** The same object until something changes. */
  Map<ContainerId, Long> all() {
    Map<ContainerId, Long> all = copy;
    if (all == null) {
      all = Map.copyOf(pids);
      copy = all;
    }
    return all;
  }
}
