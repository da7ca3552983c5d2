package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.store.ContainerStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an exit into the store, in one update and only if none is recorded yet, and counts it.
 * Loop only.
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
    if (store.get(id).filter(c -> c.exit() == null).isEmpty()) {
      return;
    }
    store.update(id, c -> c.finished(exit).withCleanupPending(cleanupPending));
    counters.recorded(exit.source());
    log.debug("{}: exited with code {}, told by {}", id, exit.code(), exit.source());
  }

  /** The run is over whatever it was: records the pending exit, or else that nobody saw the end. */
  void recordAnyEnd(Container container, Exit ifUnseen) {
    if (container.exit() == null && (container.pid() != 0 || container.pendingExit() != null)) {
      Exit known = container.knownExit();
      record(container.id(), known == null ? ifUnseen : known, false);
    }
  }
}
