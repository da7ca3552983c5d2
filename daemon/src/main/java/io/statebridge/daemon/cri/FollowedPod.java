package io.statebridge.daemon.cri;

import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One pod as of one revision. Its sandbox is remembered for as long as a container of it is there,
 * for clients know whose container it is by nothing else.
 */
final class FollowedPod {

  private final Map<String, CriView> containers = new TreeMap<>();
  private @Nullable CriView sandbox;
  private boolean sandboxIsGone;

  /** The id of the pod that it is in; never empty. */
  static String idOf(CriView view) {
    String pod = view.isSandbox() ? view.id() : view.sandboxId();
    return pod.isEmpty() ? view.id() : pod;
  }

  void put(CriView view) {
    remove(view);
    if (view.isContainer()) {
      containers.put(view.id(), view);
    }
    if (view.isSandbox()) {
      sandbox = view;
      sandboxIsGone = false;
    }
  }

  void remove(CriView view) {
    containers.remove(view.id());
    if (sandbox != null && sandbox.id().equals(view.id())) {
      sandboxIsGone = true;
    }
  }

  boolean isOver() {
    return containers.isEmpty() && (sandbox == null || sandboxIsGone);
  }

  /**
   * All its containers.
   *
   * @param subject of an event; if it is a container and gone, its last status is one of them
   */
  List<ContainerStatus> statuses(CriView subject) {
    Map<String, CriView> all = new TreeMap<>(containers);
    if (subject.isContainer()) {
      all.putIfAbsent(subject.id(), subject);
    }
    return all.values().stream().map(CriView::containerStatus).toList();
  }

  /**
   * Of its sandbox, as it was last seen.
   *
   * @param subject of an event; of a pod whose sandbox never was seen it tells what it knows
   * @param statuses of all its containers
   */
  PodSandboxStatus status(CriView subject, List<ContainerStatus> statuses) {
    if (sandbox == null) {
      return guess(subject, statuses);
    }
    PodSandboxStatus last = sandbox.sandboxStatus();
    return sandboxIsGone
        ? last.toBuilder().setState(PodSandboxState.SANDBOX_NOTREADY).build()
        : last;
  }

  /**
   * A container that runs has a sandbox that is ready; of one that does not, nobody can say that.
   */
  private static PodSandboxStatus guess(CriView container, List<ContainerStatus> statuses) {
    Map<String, String> labels = container.record().labels();
    String id = idOf(container);
    boolean ready =
        statuses.stream().anyMatch(s -> s.getState() == ContainerState.CONTAINER_RUNNING);
    return PodSandboxStatus.newBuilder()
        .setId(id)
        .setMetadata(
            PodSandboxMetadata.newBuilder()
                .setName(labels.getOrDefault("io.kubernetes.pod.name", id))
                .setUid(labels.getOrDefault("io.kubernetes.pod.uid", id))
                .setNamespace(
                    labels.getOrDefault(
                        "io.kubernetes.pod.namespace", container.record().id().namespace())))
        .setState(ready ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY)
        .setCreatedAt(
            statuses.stream().mapToLong(ContainerStatus::getCreatedAt).min().orElseThrow())
        .build();
  }
}
