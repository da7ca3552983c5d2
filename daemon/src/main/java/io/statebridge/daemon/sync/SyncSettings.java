package io.statebridge.daemon.sync;

import java.time.Duration;

/**
 * The bounds of the sync part.
 *
 * @param laneCapacity tasks that may wait in one container's lane
 * @param inspectionWindow inspections that one reconcile pass keeps under way
 * @param finalizeAfter how long a failing Delete may hold back a record
 * @param reconcileInterval how often the runtime's list is compared while live
 * @param retryBase first ceiling of a failed lane's backoff
 * @param retryCap last ceiling of it
 * @param reconnectBase first ceiling of the backoff between connection attempts
 * @param reconnectCap last ceiling of it
 * @param lateness how long after a task was found gone its exit may still be told; in a storm
 *     events come more than a second late
 */
public record SyncSettings(
    int laneCapacity,
    int inspectionWindow,
    Duration finalizeAfter,
    Duration reconcileInterval,
    Duration retryBase,
    Duration retryCap,
    Duration reconnectBase,
    Duration reconnectCap,
    Duration lateness) {

  public static final SyncSettings DEFAULTS =
      new SyncSettings(
          256,
          64,
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofMillis(50),
          Duration.ofSeconds(10),
          Duration.ofMillis(100),
          Duration.ofMillis(400),
          Duration.ofSeconds(2));

  public SyncSettings withTimes(Duration newFinalizeAfter, Duration newReconcileInterval) {
    return new SyncSettings(
        laneCapacity,
        inspectionWindow,
        newFinalizeAfter,
        newReconcileInterval,
        retryBase,
        retryCap,
        reconnectBase,
        reconnectCap,
        lateness);
  }
}
