package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.LinuxPodSandboxStatus;
import io.statebridge.proto.cri.v1.Namespace;
import io.statebridge.proto.cri.v1.PodIP;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.PodSandboxNetworkStatus;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.store.Entry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A record as the CRI sees it. A container that no CRI plugin made is one of a pod of its own,
 * which has its id, so that no client finds a field empty that it needs.
 *
 * @param entry of a container or a sandbox
 * @param metadata what a CRI server keeps with it
 * @param images by what records call them
 */
record CriView(Entry entry, CriMetadata metadata, Function<String, Optional<Image>> images) {

  ContainerRecord record() {
    return entry.record();
  }

  /** Whether it is to be told as a sandbox; one that no CRI plugin made is that, too. */
  boolean isSandbox() {
    return metadata.isSandbox() || isForeign();
  }

  boolean isContainer() {
    return !metadata.isSandbox();
  }

  /** Made by no CRI plugin. */
  private boolean isForeign() {
    return metadata.isMissing();
  }

  String id() {
    return record().id().id();
  }

  Map<String, String> labels() {
    return isForeign() ? record().labels() : metadata.labels();
  }

  String sandboxId() {
    if (isForeign()) {
      return id();
    }
    return metadata.sandboxId().isEmpty() ? record().info().sandboxId() : metadata.sandboxId();
  }

  io.statebridge.proto.cri.v1.Container container() {
    return io.statebridge.proto.cri.v1.Container.newBuilder()
        .setId(id())
        .setPodSandboxId(sandboxId())
        .setMetadata(containerMetadata())
        .setImage(image())
        .setImageRef(imageRef())
        .setImageId(imageRef())
        .setState(containerState())
        .setCreatedAt(nanos(record().info().createdAt()))
        .putAllLabels(labels())
        .putAllAnnotations(metadata.annotations())
        .build();
  }

  ContainerStatus containerStatus() {
    Optional<Image> image = images.apply(imageRef());
    ContainerStatus.Builder status =
        ContainerStatus.newBuilder()
            .setId(id())
            .setMetadata(containerMetadata())
            .setState(containerState())
            .setCreatedAt(nanos(record().info().createdAt()))
            .setStartedAt(nanos(record().startedAt()))
            .setImage(named(image))
            .setImageRef(
                image.flatMap(i -> i.getRepoDigestsList().stream().findFirst()).orElse(imageRef()))
            .setImageId(imageRef())
            .putAllLabels(labels())
            .putAllAnnotations(metadata.annotations())
            .setLogPath(metadata.logPath())
            .addAllMounts(metadata.mounts())
            .setUser(metadata.user())
            .setResources(metadata.resources())
            .setStopSignal(metadata.stopSignal());
    // A pending exit is the truth already, but for the task that is still to be deleted.
    Exit exit = record().knownExit();
    if (exit != null) {
      status
          .setFinishedAt(nanos(exit.exitedAt()))
          .setExitCode(exit.code())
          .setReason(exit.reason())
          .setMessage(exit.message());
    }
    return status.build();
  }

  private ContainerMetadata containerMetadata() {
    return isForeign()
        ? ContainerMetadata.newBuilder().setName(id()).build()
        : metadata.container();
  }

  private ImageSpec image() {
    ImageSpec asked = metadata.image();
    if (!asked.getImage().isEmpty()) {
      return asked;
    }
    String name = record().info().image();
    return asked.toBuilder().setImage(name.isEmpty() ? "unknown" : name).build();
  }

  /** A status tells the image by a name that it has now, not by the one that was asked for. */
  private ImageSpec named(Optional<Image> image) {
    return image
        .flatMap(i -> i.getRepoTagsList().stream().findFirst())
        .map(tag -> ImageSpec.newBuilder().setImage(tag).build())
        .orElseGet(this::image);
  }

  private String imageRef() {
    String ref = metadata.imageRef();
    return ref.isEmpty() ? image().getImage() : ref;
  }

  ContainerState containerState() {
    if (record().knownExit() != null) {
      return ContainerState.CONTAINER_EXITED;
    }
    return switch (record().state()) {
      case CREATED -> ContainerState.CONTAINER_CREATED;
      case RUNNING -> ContainerState.CONTAINER_RUNNING;
      case EXITED -> ContainerState.CONTAINER_EXITED;
      case UNKNOWN -> ContainerState.CONTAINER_UNKNOWN;
    };
  }

  PodSandbox sandbox() {
    return PodSandbox.newBuilder()
        .setId(id())
        .setMetadata(sandboxMetadata())
        .setState(sandboxState())
        .setCreatedAt(nanos(record().info().createdAt()))
        .putAllLabels(labels())
        .putAllAnnotations(metadata.annotations())
        .setRuntimeHandler(metadata.runtimeHandler())
        .build();
  }

  PodSandboxStatus sandboxStatus() {
    PodSandboxNetworkStatus.Builder network = PodSandboxNetworkStatus.newBuilder();
    List<String> ips = metadata.ips();
    ips.stream().limit(1).forEach(network::setIp);
    ips.stream().skip(1).forEach(ip -> network.addAdditionalIps(PodIP.newBuilder().setIp(ip)));
    return PodSandboxStatus.newBuilder()
        .setId(id())
        .setMetadata(sandboxMetadata())
        .setState(sandboxState())
        .setCreatedAt(nanos(record().info().createdAt()))
        .setNetwork(network)
        .setLinux(
            LinuxPodSandboxStatus.newBuilder()
                .setNamespaces(Namespace.newBuilder().setOptions(metadata.namespaceOptions())))
        .putAllLabels(labels())
        .putAllAnnotations(metadata.annotations())
        .setRuntimeHandler(metadata.runtimeHandler())
        .build();
  }

  private PodSandboxMetadata sandboxMetadata() {
    return isForeign()
        ? PodSandboxMetadata.newBuilder()
            .setName(id())
            .setUid(id())
            .setNamespace(record().id().namespace())
            .build()
        : metadata.sandbox();
  }

  /** Ready as long as its process lives. */
  private PodSandboxState sandboxState() {
    return containerState() == ContainerState.CONTAINER_RUNNING
        ? PodSandboxState.SANDBOX_READY
        : PodSandboxState.SANDBOX_NOTREADY;
  }

  static long nanos(@Nullable Instant time) {
    return time == null ? 0 : TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
  }
}
