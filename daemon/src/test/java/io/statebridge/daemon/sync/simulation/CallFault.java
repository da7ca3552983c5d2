package io.statebridge.daemon.sync.simulation;

/** How a call to containerd can go wrong. */
enum CallFault {
  TRANSIENT,
  UNREACHABLE,
  PERMANENT,
  /** No effect, and no answer before the deadline. */
  HANG,
  /** The effect happens, and the answer does not come before the deadline. */
  LOST_ANSWER,
  /** The answer is made at once and told late. */
  STALE,
  /** The status of the task is UNKNOWN. */
  UNKNOWN_STATUS,
  /** The list does not have the container's task. */
  OMITTED
}
