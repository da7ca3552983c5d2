package io.statebridge.daemon.sync.lifecycle;

/**
 * What protects a record from a wrong conclusion. All are always on: only the tests that prove that
 * each is needed take one away.
 */
public enum Safeguard {
  /** A subscription counts only once a probe has come back, and is probed when it is silent. */
  PROBE,
  /** The runtime's lists are compared with the records, at each connection and periodically. */
  RELIST,
  /** A pending exit is on disk before its task is deleted. */
  DURABLE_BEFORE_DELETE,
  /** A second exit of a run only confirms the first. */
  FIRST_EXIT_WINS,
  /** An answer that is older than the record is asked for again. */
  STALENESS_CHECK,
  /** An exit of another process than the recorded one is held against the runtime's answer. */
  CONFIRM_BY_GET,
  /** An exit may be reported some time after its task was found to be gone. */
  LATE_EXIT_WAIT,
  /** An exit that is reported after all replaces one that nobody saw. */
  UNKNOWN_GIVES_WAY,
  /** Another creation time is another container. */
  CONTAINER_IDENTITY,
  /** Whether a task is ours to delete is decided when it is about to be deleted. */
  POLICY_AT_DELETE
}
