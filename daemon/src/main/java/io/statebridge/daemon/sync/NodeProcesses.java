package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import java.time.Instant;
import java.util.Optional;

/** What the node's kernel knows of a process. Answers at once. */
public interface NodeProcesses {

  /** When the process was started, to the hundredth of a second. */
  Optional<Instant> startOf(long pid);

  /**
   * The bundle of a container, found by way of its init process.
   *
   * @return a directory, or empty when the process is gone or no shim's
   */
  Optional<String> bundleOf(ContainerId id, long pid);
}
