package io.statebridge.store;

import io.statebridge.api.Container;
import java.util.List;

/**
 * All containers at one point in time.
 *
 * @param epoch of the store
 * @param revision the last commit that is included
 * @param containers ordered by id, unmodifiable
 */
public record Snapshot(String epoch, long revision, List<Container> containers) {}
