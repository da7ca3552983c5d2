package io.statebridge.daemon.sync;

import io.statebridge.daemon.sync.lifecycle.Safeguard;
import java.time.Duration;
import java.util.Set;

/**
 * The bounds of the sync part.
 *
 * @param queueCapacity items that may wait in one container's queue
 * @param inspectionWindow inspections that one reconcile pass keeps under way
 * @param finalizeAfter how long a failing Delete may hold back a record
 * @param reconcileInterval how often the runtime's list is compared while live
 * @param retryBase first ceiling of a failed item's backoff
 * @param retryCap last ceiling of it
 * @param reconnectBase first ceiling of the backoff between connection attempts
 * @param reconnectCap last ceiling of it
 * @param lateness how long after a task was found gone its exit may still be reported; in a storm
 *     events come more than a second late
 * @param without safeguards that are taken away, by tests that prove that each is needed
 */
public record SyncSettings(
    int queueCapacity,
    int inspectionWindow,
    Duration finalizeAfter,
    Duration reconcileInterval,
    Duration retryBase,
    Duration retryCap,
    Duration reconnectBase,
    Duration reconnectCap,
    Duration lateness,
    Set<Safeguard> without) {

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
          Duration.ofSeconds(2),
          Set.of());

  public SyncSettings withTimes(Duration newFinalizeAfter, Duration newReconcileInterval) {
    return new SyncSettings(
        queueCapacity,
        inspectionWindow,
        newFinalizeAfter,
        newReconcileInterval,
        retryBase,
        retryCap,
        reconnectBase,
        reconnectCap,
        lateness,
        without);
  }

  boolean has(Safeguard safeguard) {
    return !without.contains(safeguard);
  }
}
