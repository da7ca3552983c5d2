package io.statebridge.daemon.sync;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the connection to the runtime is doing. Immutable.
 *
 * @param since when the phase began
 * @param runtimeVersion empty before the first connect
 * @param lastError why the last connection ended or attempt failed, empty when neither happened
 * @param reconnects connections that went live after the first one that did
 * @param lastInSyncAt when the store was last known to be in sync; null if never, stale while
 *     {@link #inSync}
 */
public record SyncStatus(
    Phase phase,
    Instant since,
    String runtimeVersion,
    String lastError,
    long reconnects,
    @Nullable Instant lastInSyncAt) {

  /** Where the subscription's state machine stands. */
  public enum Phase {
    DISCONNECTED,
    CONNECTING,
    RECONCILING,
    LIVE
  }

  static SyncStatus initial(Instant now) {
    return new SyncStatus(Phase.DISCONNECTED, now, "", "", 0, null);
  }

  /** Whether the stream is proven live and the runtime's list has been compared since it was. */
  public boolean inSync() {
    return phase == Phase.LIVE;
  }

  SyncStatus enter(Phase next, Instant now) {
    Instant inSyncAt = inSync() || next == Phase.LIVE ? now : lastInSyncAt;
    return new SyncStatus(next, now, runtimeVersion, lastError, reconnects, inSyncAt);
  }

  SyncStatus withError(String error) {
    return new SyncStatus(phase, since, runtimeVersion, error, reconnects, lastInSyncAt);
  }

  SyncStatus withVersion(String version) {
    return new SyncStatus(phase, since, version, lastError, reconnects, lastInSyncAt);
  }

  SyncStatus reconnected() {
    return new SyncStatus(phase, since, runtimeVersion, lastError, reconnects + 1, lastInSyncAt);
  }
}
