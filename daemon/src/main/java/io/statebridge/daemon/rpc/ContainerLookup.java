package io.statebridge.daemon.rpc;

import io.grpc.Status;
import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Snapshot;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Finds the one container that a request names: by its id, or by a prefix that only it has. Removed
 * ones, as far as they are remembered, come after those that are there.
 */
final class ContainerLookup {

  private static final int EXAMPLES = 5;

  private final ContainerStore store;

  ContainerLookup(ContainerStore store) {
    this.store = store;
  }

  /**
   * @param namespace empty for any
   * @throws io.grpc.StatusRuntimeException NOT_FOUND, or INVALID_ARGUMENT when several match
   */
  Container find(String namespace, String id) {
    if (id.isEmpty()) {
      throw Filter.invalid("id", "is required");
    }
    if (!namespace.isEmpty()) {
      Container exact = store.get(new ContainerId(namespace, id)).orElse(null);
      if (exact != null) {
        return exact;
      }
    }
    List<Container> there = candidates(store.snapshot(), namespace, id);
    return only(
        there.isEmpty() ? candidates(store.snapshotWithRemoved(), namespace, id) : there,
        namespace,
        id);
  }

  private static List<Container> candidates(Snapshot all, String namespace, String id) {
    List<Container> byPrefix =
        all.containers().stream()
            .filter(c -> namespace.isEmpty() || c.id().namespace().equals(namespace))
            .filter(c -> c.id().id().startsWith(id))
            .toList();
    List<Container> exact = byPrefix.stream().filter(c -> c.id().id().equals(id)).toList();
    return exact.isEmpty() ? byPrefix : exact;
  }

  private static Container only(List<Container> candidates, String namespace, String id) {
    if (candidates.isEmpty()) {
      throw Status.NOT_FOUND
          .withDescription(
              "no container '" + id + "'" + (namespace.isEmpty() ? "" : " in " + namespace))
          .asRuntimeException();
    }
    if (candidates.size() > 1) {
      String examples =
          candidates.stream()
              .limit(EXAMPLES)
              .map(c -> c.id().toString())
              .collect(Collectors.joining(", "));
      throw Filter.invalid(
          "id", "'" + id + "' matches " + candidates.size() + " containers, such as " + examples);
    }
    return candidates.getFirst();
  }
}
