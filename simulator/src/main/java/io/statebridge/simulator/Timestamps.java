package io.statebridge.simulator;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Go's times on the wire. */
final class Timestamps {

  /** Go's zero time, which containerd sends for "not yet": the first second of the year 1. */
  private static final Instant YEAR_ONE = Instant.ofEpochSecond(-62_135_596_800L);

  private Timestamps() {}

  static Timestamp of(@Nullable Instant instant) {
    Instant known = instant == null ? YEAR_ONE : instant;
    return Timestamp.newBuilder()
        .setSeconds(known.getEpochSecond())
        .setNanos(known.getNano())
        .build();
  }
}
