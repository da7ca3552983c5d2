package io.statebridge.store;

/**
 * What is there and what comes after it, taken in one step: no change is in neither, and none in
 * both.
 *
 * @param snapshot of what is followed
 * @param cursor after the snapshot's revision; to be closed
 */
public record Following(Snapshot snapshot, WatchCursor cursor) {}
