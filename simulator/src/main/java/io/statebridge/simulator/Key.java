package io.statebridge.simulator;

/** A container's name within the whole of the simulator. */
record Key(String namespace, String id) {

  /** As containerd's messages and {@link Faults} write it. */
  @Override
  public String toString() {
    return namespace + "/" + id;
  }
}
