package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.PendingExit;
import io.statebridge.store.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an exit into the store, in one update and only if none is recorded yet, and counts it. One
 * that is pending is the first, and wins. Loop only.
 */
final class ExitRecorder {

  private static final Logger log = LoggerFactory.getLogger(ExitRecorder.class);

  private final ContainerStore store;
  private final Counters counters;

  ExitRecorder(ContainerStore store, Counters counters) {
    this.store = store;
    this.counters = counters;
  }

  /**
   * @param cleanupPending whether the task is still to be deleted
   */
  void record(ContainerId id, Exit exit, boolean cleanupPending) {
    Container container = store.get(id).orElse(null);
    if (container == null || container.exit() != null) {
      return;
    }
    PendingExit pending = container.pendingExit();
    Exit first = pending == null ? exit : pending.exit();
    store.update(id, c -> c.finished(first).withCleanupPending(cleanupPending));
    counters.recorded(first.source());
    log.debug("{}: exited with code {}, told by {}", id, first.code(), first.source());
  }

  /** The run is over whatever it was: records the pending exit, or else that nobody saw the end. */
  void recordAnyEnd(Container container, Exit ifUnseen) {
    if (container.exit() == null && (container.isLive() || container.pendingExit() != null)) {
      Exit known = container.knownExit();
      record(container.id(), known == null ? ifUnseen : known, false);
    }
  }
}
