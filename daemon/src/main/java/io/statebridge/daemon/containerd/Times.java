package io.statebridge.daemon.containerd;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** containerd's times. */
final class Times {

  private static final long MAX_SECONDS = Instant.MAX.getEpochSecond();
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private Times() {}

  /**
   * Null for the times before the epoch (year 1) that containerd sends for "not yet", and for
   * nonsense.
   */
  static @Nullable Instant orNull(Timestamp timestamp) {
    boolean valid =
        timestamp.getSeconds() >= 0
            && timestamp.getSeconds() < MAX_SECONDS
            && timestamp.getNanos() >= 0
            && timestamp.getNanos() < NANOS_PER_SECOND;
    boolean unset = timestamp.getSeconds() == 0 && timestamp.getNanos() == 0;
    return valid && !unset
        ? Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos())
        : null;
  }

  static Instant or(Timestamp timestamp, Instant fallback) {
    Instant instant = orNull(timestamp);
    return instant == null ? fallback : instant;
  }
}
