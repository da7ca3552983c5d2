package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One commit: a container came, changed or went.
 *
 * @param revision of the commit
 * @param at when it was committed; later than every change before it in this epoch
 * @param before null when the container is new
 * @param after null when the container is gone
 */
public record Change(long revision, Instant at, @Nullable Entry before, @Nullable Entry after) {

  public Change {
    if (before == null && after == null) {
      throw new IllegalArgumentException("a change changes something");
    }
  }

  public ContainerId id() {
    return after != null ? after.id() : Objects.requireNonNull(before).id();
  }
}
