package io.statebridge.daemon.sync.simulation;

import io.statebridge.daemon.sync.SyncSettings;
import io.statebridge.daemon.sync.lifecycle.Safeguard;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A safeguard that is taken away from the daemon, to see that the simulation notices. */
enum Without {
  NOTHING(null),
  /** Exits are not waited for at all. */
  SHIM_WAIT(null),
  RELIST(Safeguard.RELIST),
  DURABLE_BEFORE_DELETE(Safeguard.DURABLE_BEFORE_DELETE),
  PROBE(Safeguard.PROBE),
  FIRST_EXIT_WINS(Safeguard.FIRST_EXIT_WINS),
  STALENESS_CHECK(Safeguard.STALENESS_CHECK),
  CONFIRM_BY_GET(Safeguard.CONFIRM_BY_GET),
  LATE_EXIT_WAIT(Safeguard.LATE_EXIT_WAIT),
  UNKNOWN_GIVES_WAY(Safeguard.UNKNOWN_GIVES_WAY),
  CONTAINER_IDENTITY(Safeguard.CONTAINER_IDENTITY),
  POLICY_AT_DELETE(Safeguard.POLICY_AT_DELETE);

  private final @Nullable Safeguard safeguard;

  Without(@Nullable Safeguard safeguard) {
    this.safeguard = safeguard;
  }

  SyncSettings settings() {
    SyncSettings all = SyncSettings.DEFAULTS;
    Set<Safeguard> without = safeguard == null ? Set.of() : EnumSet.of(safeguard);
    return new SyncSettings(
        all.queueCapacity(),
        all.inspectionWindow(),
        all.finalizeAfter(),
        all.reconcileInterval(),
        all.retryBase(),
        all.retryCap(),
        all.reconnectBase(),
        all.reconnectCap(),
        all.lateness(),
        without);
  }
}
