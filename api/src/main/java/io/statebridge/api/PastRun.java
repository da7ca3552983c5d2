package io.statebridge.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A container's run that is over, as somebody remembers it.
 *
 * @param startedAt null when it never was started
 */
public record PastRun(@Nullable Instant startedAt, Exit exit) {}
