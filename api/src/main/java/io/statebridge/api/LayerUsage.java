package io.statebridge.api;

import java.time.Instant;

/**
 * What a container has written to its own layer of the file system.
 *
 * @param at when it was measured
 * @param directory below which the runtime keeps such layers, empty when unknown
 */
public record LayerUsage(Instant at, String directory, long bytes, long inodes) {}
