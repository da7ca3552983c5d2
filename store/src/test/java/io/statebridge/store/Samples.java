package io.statebridge.store;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import java.time.Instant;
import java.util.Map;

/** Containers to store. */
final class Samples {
  private Samples() {}

  static ContainerId id(String id) {
    return new ContainerId("default", id);
  }

  static Container container(String id) {
    return container(id(id));
  }

  static Container container(ContainerId id) {
    return Container.of(new ContainerInfo(id, "busybox", "", Map.of(), "", Instant.EPOCH));
  }
}
