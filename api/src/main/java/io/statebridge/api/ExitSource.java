package io.statebridge.api;

/** Who told of an exit first. */
public enum ExitSource {
  /** containerd's event stream. */
  EVENT,
  /** A Wait at the container's shim. */
  SHIM,
  /** A Wait through containerd. */
  WAIT,
  /** The runtime's list, or an inspection that it asked for. */
  LISTED,
  /** containerd's CRI plugin. */
  CRI,
  /** Nobody: the end was not seen and the code is {@link Exit#UNKNOWN_CODE}. */
  UNKNOWN
}
