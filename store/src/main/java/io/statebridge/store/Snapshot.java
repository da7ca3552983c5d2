package io.statebridge.store;

import java.util.List;

/**
 * All containers at one point in time.
 *
 * @param epoch of the store
 * @param revision the last commit that is included
 * @param entries ordered by id, unmodifiable
 */
public record Snapshot(String epoch, long revision, List<Entry> entries) {}
