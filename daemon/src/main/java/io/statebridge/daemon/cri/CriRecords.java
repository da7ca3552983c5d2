package io.statebridge.daemon.cri;

import com.google.common.cache.CacheBuilder;
import com.google.common.cache.CacheLoader;
import com.google.common.cache.LoadingCache;
import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The records of those namespaces that the CRI shows, found as CRI servers find them. */
final class CriRecords {

  private final ContainerStore store;
  private final Set<String> namespaces;

  /** Read once for each container: records change often, and what the plugin keeps does not. */
  private final LoadingCache<ContainerInfo, CriMetadata> metadata =
      CacheBuilder.newBuilder().weakKeys().build(CacheLoader.from(CriMetadata::of));

  private final Function<String, Optional<Image>> images;

  /**
   * @param namespaces that are shown
   * @param images by what a container's record calls them
   */
  CriRecords(
      ContainerStore store, Set<String> namespaces, Function<String, Optional<Image>> images) {
    this.store = store;
    this.namespaces = Set.copyOf(namespaces);
    this.images = images;
  }

  List<CriView> containers() {
    return views().filter(CriView::isContainer).toList();
  }

  List<CriView> sandboxes() {
    return views().filter(CriView::isSandbox).toList();
  }

  /** The containers that a filter lets through; what it leaves empty lets all through. */
  List<CriView> containers(String id, String sandboxId, Map<String, String> labels) {
    checkComplete();
    List<CriView> all = containers();
    Predicate<String> ids = byId(all, id);
    Predicate<String> sandboxes = byId(sandboxId.isEmpty() ? List.of() : sandboxes(), sandboxId);
    return all.stream()
        .filter(view -> ids.test(view.id()) && sandboxes.test(view.sandboxId()))
        .filter(view -> matches(labels, view))
        .toList();
  }

  /** The sandboxes that a filter lets through, likewise. */
  List<CriView> sandboxes(String id, Map<String, String> labels) {
    checkComplete();
    List<CriView> all = sandboxes();
    Predicate<String> ids = byId(all, id);
    return all.stream().filter(view -> ids.test(view.id()) && matches(labels, view)).toList();
  }

  /** To a CRI client an answer without a container says that there is none. */
  private void checkComplete() {
    if (!store.isComplete()) {
      throw Status.UNAVAILABLE
          .withDescription(
              "statebridge began without a checkpoint and has not been in sync with containerd yet:"
                  + " try again when RuntimeReady is true")
          .asRuntimeException();
    }
  }

  private static boolean matches(Map<String, String> selector, CriView view) {
    return selector.isEmpty() || view.labels().entrySet().containsAll(selector.entrySet());
  }

  private Stream<CriView> views() {
    return store.snapshot().entries().stream().filter(this::isShown).map(this::view);
  }

  CriView view(Entry entry) {
    return new CriView(entry, metadata.getUnchecked(entry.record().info()), images);
  }

  boolean isShown(Entry entry) {
    return namespaces.contains(entry.id().namespace()) && !isFromEventsAlone(entry.record());
  }

  /** What the CRI would have to say of it, such as its pod, went before it could be read. */
  private static boolean isFromEventsAlone(ContainerRecord record) {
    ContainerInfo info = record.info();
    return record.orphaned() && info.createdAt() == null && info.criMetadata().isEmpty();
  }

  /**
   * The container whose id it is, or begins with it.
   *
   * @throws io.grpc.StatusRuntimeException NOT_FOUND when there is none or more than one
   */
  CriView container(String id) {
    return one("container", CriView::isContainer, id);
  }

  /** The same of a sandbox. */
  CriView sandbox(String id) {
    return one("pod sandbox", CriView::isSandbox, id);
  }

  /** A whole id, which is what mostly comes, costs a look-up and no scan. */
  private CriView one(String what, Predicate<CriView> kind, String id) {
    if (id.isEmpty()) {
      throw Status.INVALID_ARGUMENT.withDescription(what + " id is required").asRuntimeException();
    }
    checkComplete();
    List<CriView> matching =
        namespaces.stream()
            .flatMap(namespace -> store.get(new ContainerId(namespace, id)).stream())
            .filter(this::isShown)
            .map(this::view)
            .filter(kind)
            .toList();
    if (matching.isEmpty()) {
      matching = matching(views().filter(kind).toList(), id);
    }
    if (matching.size() != 1) {
      throw Status.NOT_FOUND
          .withDescription(
              matching.isEmpty()
                  ? "no " + what + " \"" + id + "\""
                  : "%d of them begin with \"%s\": name the %s in full"
                      .formatted(matching.size(), id, what))
          .asRuntimeException();
    }
    return matching.getFirst();
  }

  /** Those whose id it is, or else those whose id begins with it. */
  private static List<CriView> matching(List<CriView> views, String id) {
    List<CriView> exact = views.stream().filter(view -> view.id().equals(id)).toList();
    return exact.isEmpty()
        ? views.stream().filter(view -> view.id().startsWith(id)).toList()
        : exact;
  }

  /** A filter by id: an unknown prefix, or one of several, matches nothing; an empty one all. */
  private static Predicate<String> byId(List<CriView> views, String id) {
    if (id.isEmpty()) {
      return candidate -> true;
    }
    List<CriView> matching = matching(views, id);
    return matching.size() == 1 ? matching.getFirst().id()::equals : candidate -> false;
  }
}
