package io.statebridge.store;

import java.time.Duration;

/**
 * The checkpoint's bounds.
 *
 * @param durableTimeout how long anybody waits for the disk. A sync takes a fraction of a
 *     millisecond, tens of them on a slow disk; whatever waits longer holds up the deletion of an
 *     ended task, and the daemon must do without a disk anyhow
 * @param busyTimeout how long somebody else's lock on the file is waited for, such as that of a
 *     person at the {@code sqlite3} prompt; shorter than the above, so that the status names the
 *     lock as the cause
 * @param firstRetry after the first failure; it doubles with each further one
 * @param maxRetry the most that a disk that is back goes unused
 * @param checkPeriod how long a file that was tampered with in place can go unnoticed; a check
 *     reads the whole file, a few milliseconds
 * @param closeTimeout how long a stop waits for the last write: as long as anybody else
 * @param maxBatch changes in one transaction: enough that the sync no longer counts, few enough
 *     that the first of them does not wait long for the last
 * @param maxSetAside files that are kept aside. They are never deleted; so many mean that the disk
 *     is at fault and not a file, and no more are made
 */
record CheckpointLimits(
    Duration durableTimeout,
    Duration busyTimeout,
    Duration firstRetry,
    Duration maxRetry,
    Duration checkPeriod,
    Duration closeTimeout,
    int maxBatch,
    int maxSetAside) {

  static final CheckpointLimits DEFAULT =
      new CheckpointLimits(
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          1024,
          16);

  private static final int MAX_DOUBLINGS = 30;

  /**
   * Without jitter, for nobody else retries the same file.
   *
   * @param failures so far, at least 1
   */
  Duration retryDelay(int failures) {
    Duration delay = firstRetry.multipliedBy(1L << Math.min(failures - 1, MAX_DOUBLINGS));
    return delay.compareTo(maxRetry) < 0 ? delay : maxRetry;
  }
}
