package io.statebridge.api;

import java.time.Instant;

/**
 * An exit that was observed while its task is still to be deleted from the runtime.
 *
 * @param exit what was observed
 * @param observedAt when we learned of it
 * @param deleteAttempts Delete calls that have failed so far
 * @param lastError what the last failed one said, empty when none failed
 */
public record PendingExit(Exit exit, Instant observedAt, int deleteAttempts, String lastError) {

  public static PendingExit of(Exit exit, Instant observedAt) {
    return new PendingExit(exit, observedAt, 0, "");
  }

  public PendingExit withExit(Exit newExit) {
    return new PendingExit(newExit, observedAt, deleteAttempts, lastError);
  }

  /** The same after one more Delete that failed. */
  public PendingExit afterFailedDelete(String error) {
    return new PendingExit(exit, observedAt, deleteAttempts + 1, error);
  }
}
