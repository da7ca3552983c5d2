package io.statebridge.api;

import java.util.Comparator;

/**
 * A container's name: an id is unique only within its containerd namespace. Ordered by namespace,
 * then id.
 *
 * @param namespace containerd's namespace, never empty
 * @param id never empty
 */
public record ContainerId(String namespace, String id) implements Comparable<ContainerId> {

  private static final Comparator<ContainerId> ORDER =
      Comparator.comparing(ContainerId::namespace).thenComparing(ContainerId::id);

  public ContainerId {
    if (namespace.isEmpty() || id.isEmpty()) {
      throw new IllegalArgumentException(
          "a container needs a namespace and an id, got '" + namespace + "' and '" + id + "'");
    }
  }

  @Override
  public int compareTo(ContainerId other) {
    return ORDER.compare(this, other);
  }

  /** As logs show it: {@code namespace/id}. */
  @Override
  public String toString() {
    return namespace + "/" + id;
  }
}
