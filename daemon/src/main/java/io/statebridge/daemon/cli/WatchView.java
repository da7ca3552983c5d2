package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The containers as a watch has printed them. After a gap all that exists is sent again, and what
 * differs from it is what changed in the gap.
 */
final class WatchView {

  /**
   * @param namespace containerd's
   */
  private record Key(String namespace, String id) {
    static Key of(Container container) {
      return new Key(container.getNamespace(), container.getId());
    }
  }

  private final Map<Key, Container> shown = new LinkedHashMap<>();
  private @Nullable Set<Key> seenAgain;

  /** What comes next begins with all that exists. */
  void beginAgain() {
    seenAgain = new HashSet<>();
  }

  /**
   * What is to be printed for a message.
   *
   * @param lastOf finds the last records of containers that were not sent again
   */
  List<WatchContainersResponse> show(
      WatchContainersResponse message, Function<List<Container>, List<Container>> lastOf) {
    return switch (message.getType()) {
      case ADDED, MODIFIED -> seenAgain == null ? changed(message) : compared(message, seenAgain);
      case DELETED -> {
        shown.remove(Key.of(message.getContainer()));
        yield List.of(message);
      }
      case SYNCED -> {
        List<WatchContainersResponse> all = new ArrayList<>();
        if (seenAgain != null) {
          all.addAll(gone(message, seenAgain, lastOf));
          seenAgain = null;
        }
        all.add(message);
        yield all;
      }
      case PROGRESS, TYPE_UNSPECIFIED, UNRECOGNIZED -> List.of(message);
    };
  }

  private List<WatchContainersResponse> changed(WatchContainersResponse message) {
    shown.put(Key.of(message.getContainer()), message.getContainer());
    return List.of(message);
  }

  private List<WatchContainersResponse> compared(
      WatchContainersResponse message, Set<Key> seenAgain) {
    Container now = message.getContainer();
    Key key = Key.of(now);
    seenAgain.add(key);
    Container before = shown.put(key, now);
    if (before == null) {
      return List.of(message);
    }
    if (!before.getCreatedAt().equals(now.getCreatedAt())) {
      return List.of(as(WatchContainersResponse.Type.DELETED, before, message), message);
    }
    // Revisions of two epochs cannot be compared.
    return before.toBuilder()
            .clearRevision()
            .build()
            .equals(now.toBuilder().clearRevision().build())
        ? List.of()
        : List.of(as(WatchContainersResponse.Type.MODIFIED, now, message));
  }

  private List<WatchContainersResponse> gone(
      WatchContainersResponse synced,
      Set<Key> seenAgain,
      Function<List<Container>, List<Container>> lastOf) {
    List<Container> missing =
        shown.entrySet().stream()
            .filter(entry -> !seenAgain.contains(entry.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    if (missing.isEmpty()) {
      return List.of();
    }
    Map<Key, Container> last = new LinkedHashMap<>();
    missing.forEach(each -> last.put(Key.of(each), each));
    lastOf.apply(missing).forEach(each -> last.replace(Key.of(each), each));
    shown.keySet().removeAll(last.keySet());
    return last.values().stream()
        .map(each -> as(WatchContainersResponse.Type.DELETED, each, synced))
        .toList();
  }

  /** At the point in time that a message is of. */
  private static WatchContainersResponse as(
      WatchContainersResponse.Type type, Container container, WatchContainersResponse of) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch(of.getEpoch())
        .setRevision(of.getRevision())
        .setContainer(container)
        .build();
  }
}
