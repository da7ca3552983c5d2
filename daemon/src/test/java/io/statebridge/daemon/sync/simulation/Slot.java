package io.statebridge.daemon.sync.simulation;

/**
 * A place for one container at a time, and later others.
 *
 * @param name of the container; in k8s.io each gets another one
 * @param pod the slot of the sandbox whose shim it shares, -1 for none
 */
record Slot(int number, String namespace, String name, int pod) {

  static final String DELETING = "ours";
  static final String OBSERVED = "moby";

  boolean isCri() {
    return namespace.equals(io.statebridge.api.ContainerRuntime.CRI_NAMESPACE);
  }

  boolean isSandbox() {
    return pod == number;
  }
}
