package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A record as the store holds it. Immutable.
 *
 * @param revision of the commit that made it; 0 when that was in an earlier epoch
 * @param removedAt when the container was found to be gone from the runtime, of a record that is
 *     kept beyond that
 */
public record Entry(ContainerRecord record, long revision, @Nullable Instant removedAt) {

  public Entry {
    if (removedAt != null && record.exit() == null) {
      throw new IllegalArgumentException("only an end is worth keeping: " + record.id());
    }
  }

  public ContainerId id() {
    return record.id();
  }
}
