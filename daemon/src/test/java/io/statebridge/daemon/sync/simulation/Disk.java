package io.statebridge.daemon.sync.simulation;

import io.statebridge.daemon.sync.simulation.RecordView.Saved;

/** What outlives the daemon. */
final class Disk {
  Saved saved = Saved.NOTHING;
  long stuckUntilNanos;
}
