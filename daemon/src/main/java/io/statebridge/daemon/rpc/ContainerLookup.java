package io.statebridge.daemon.rpc;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Finds the one container that a request names by its id or, if the request allows it, by a prefix
 * of the id that only this container has. An exact id comes before a prefix, and among equals a
 * container that exists comes before one that was removed.
 */
final class ContainerLookup {

  private static final int EXAMPLES = 5;

  private final ContainerStore store;
  private final Knowledge knowledge;

  ContainerLookup(ContainerStore store, Knowledge knowledge) {
    this.store = store;
    this.knowledge = knowledge;
  }

  /**
   * @param namespace empty for any
   * @param matchPrefix whether the id may also be a prefix
   * @throws io.grpc.StatusRuntimeException NOT_FOUND, UNAVAILABLE when that cannot be said yet, or
   *     INVALID_ARGUMENT when several match
   */
  Entry find(String namespace, String id, boolean matchPrefix) {
    if (id.isEmpty()) {
      throw Fields.invalid("id", "is required");
    }
    Fields.checkName("id", id);
    Fields.checkName("namespace", namespace);
    if (!namespace.isEmpty()) {
      Entry exact = store.get(new ContainerId(namespace, id)).orElse(null);
      if (exact != null && knowledge.has(exact)) {
        return exact;
      }
    }
    return only(candidates(namespace, id, matchPrefix), namespace, id);
  }

  private List<Entry> candidates(String namespace, String id, boolean matchPrefix) {
    List<Entry> there = store.beginningWith(namespace, id).stream().filter(knowledge::has).toList();
    List<Entry> exact = exact(there, id);
    if (!exact.isEmpty()) {
      return exact;
    }
    List<Entry> removed = store.removedBeginningWith(namespace, id);
    exact = exact(removed, id);
    if (!exact.isEmpty() || !matchPrefix) {
      return exact;
    }
    return there.isEmpty() ? removed : there;
  }

  private static List<Entry> exact(List<Entry> candidates, String id) {
    return candidates.stream().filter(c -> c.id().id().equals(id)).toList();
  }

  private Entry only(List<Entry> candidates, String namespace, String id) {
    if (candidates.isEmpty()) {
      knowledge.checkComplete("container '" + id + "'");
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
      throw Fields.invalid(
          "id", "'" + id + "' matches " + candidates.size() + " containers, such as " + examples);
    }
    return candidates.getFirst();
  }
}
