package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.util.List;
import java.util.Map;

/**
 * What a checkpoint's file held when it was opened. Immutable.
 *
 * @param entries ordered by id, those of removed containers among them
 * @param outOfMemory as in {@link ContainerStore#outOfMemoryNotes}
 * @param complete as in {@link ContainerStore#isComplete}
 */
record CheckpointContents(
    List<Entry> entries, Map<ContainerId, Long> outOfMemory, boolean complete) {

  static final CheckpointContents NONE = new CheckpointContents(List.of(), Map.of(), false);

  boolean isEmpty() {
    return entries.isEmpty() && outOfMemory.isEmpty();
  }
}
