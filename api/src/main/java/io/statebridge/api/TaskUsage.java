package io.statebridge.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the processes of a running container use. Counts are unsigned.
 *
 * @param at when it was measured
 * @param cpu null when the runtime did not tell
 * @param memory null when the runtime did not tell
 * @param ioPressure null when the runtime did not tell
 * @param threads how many there are, 0 when the runtime did not tell
 */
public record TaskUsage(
    Instant at,
    @Nullable Cpu cpu,
    @Nullable Memory memory,
    @Nullable Pressure ioPressure,
    long threads) {

  /**
   * @param usedNanos of all processors, since the container began
   */
  public record Cpu(long usedNanos, @Nullable Pressure pressure) {}

  /**
   * @param usedBytes all that is charged to it, file cache included
   * @param workingSetBytes what cannot be taken back easily: used without inactive file cache
   * @param rssBytes anonymous memory
   * @param limitBytes what it may use, 0 when there is no limit
   */
  public record Memory(
      long usedBytes,
      long workingSetBytes,
      long rssBytes,
      long limitBytes,
      long pageFaults,
      long majorPageFaults,
      @Nullable Pressure pressure) {}

  /** How long processes waited for something; null when the runtime did not tell. */
  public record Pressure(@Nullable Stall some, @Nullable Stall full) {}

  /**
   * @param average10 percent of the last 10 s, and so on
   */
  public record Stall(long totalNanos, double average10, double average60, double average300) {}
}
