package io.statebridge.daemon.cri;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.Container;
import io.statebridge.api.Exit;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerResources;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.LinuxContainerResources;
import io.statebridge.proto.cri.v1.LinuxPodSandboxStatus;
import io.statebridge.proto.cri.v1.Mount;
import io.statebridge.proto.cri.v1.MountPropagation;
import io.statebridge.proto.cri.v1.Namespace;
import io.statebridge.proto.cri.v1.NamespaceMode;
import io.statebridge.proto.cri.v1.NamespaceOption;
import io.statebridge.proto.cri.v1.PodIP;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.PodSandboxNetworkStatus;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A record as the CRI sees it. A container that no CRI plugin made is one of a pod of its own,
 * which has its id, so that no client finds a field empty that it needs.
 *
 * @param record of a container or a sandbox
 */
record CriView(Container record, CriMetadata metadata) {

  /** Whether it is to be told as a sandbox; one that no CRI plugin made is that, too. */
  boolean isSandbox() {
    return record.info().isSandbox() || isForeign();
  }

  boolean isContainer() {
    return !record.info().isSandbox();
  }

  /** Made by no CRI plugin. */
  private boolean isForeign() {
    return metadata.isMissing();
  }

  String id() {
    return record.id().id();
  }

  String sandboxId() {
    if (isForeign()) {
      return id();
    }
    return metadata.sandboxId().isEmpty() ? record.info().sandboxId() : metadata.sandboxId();
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
        .setCreatedAt(nanos(record.info().createdAt()))
        .putAllLabels(isForeign() ? record.labels() : metadata.labels())
        .putAllAnnotations(metadata.annotations())
        .build();
  }

  ContainerStatus containerStatus() {
    ContainerStatus.Builder status =
        ContainerStatus.newBuilder()
            .setId(id())
            .setMetadata(containerMetadata())
            .setState(containerState())
            .setCreatedAt(nanos(record.info().createdAt()))
            .setStartedAt(nanos(record.startedAt()))
            .setImage(image())
            .setImageRef(imageRef())
            .setImageId(imageRef())
            .putAllLabels(isForeign() ? record.labels() : metadata.labels())
            .putAllAnnotations(metadata.annotations())
            .setLogPath(metadata.logPath());
    metadata.mounts().forEach(mount -> status.addMounts(mount(mount)));
    if (!isForeign()) {
      status.setResources(ContainerResources.newBuilder().setLinux(resources()));
    }
    // A pending exit is the truth already, but for the task that is still to be deleted.
    Exit exit = record.knownExit();
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
    String asked = metadata.image();
    String name = asked.isEmpty() ? record.info().image() : asked;
    return ImageSpec.newBuilder().setImage(name.isEmpty() ? "unknown" : name).build();
  }

  private String imageRef() {
    String ref = metadata.imageRef();
    return ref.isEmpty() ? image().getImage() : ref;
  }

  ContainerState containerState() {
    if (record.knownExit() != null) {
      return ContainerState.CONTAINER_EXITED;
    }
    return switch (record.state()) {
      case CREATED -> ContainerState.CONTAINER_CREATED;
      case RUNNING -> ContainerState.CONTAINER_RUNNING;
      case EXITED -> ContainerState.CONTAINER_EXITED;
      case UNKNOWN -> ContainerState.CONTAINER_UNKNOWN;
    };
  }

  private LinuxContainerResources resources() {
    JsonNode node = metadata.resources();
    return LinuxContainerResources.newBuilder()
        .setCpuPeriod(node.path("cpu_period").asLong())
        .setCpuQuota(node.path("cpu_quota").asLong())
        .setCpuShares(node.path("cpu_shares").asLong())
        .setMemoryLimitInBytes(node.path("memory_limit_in_bytes").asLong())
        .setOomScoreAdj(node.path("oom_score_adj").asLong())
        .setCpusetCpus(node.path("cpuset_cpus").asText())
        .setCpusetMems(node.path("cpuset_mems").asText())
        .setMemorySwapLimitInBytes(node.path("memory_swap_limit_in_bytes").asLong())
        .build();
  }

  private static Mount mount(JsonNode node) {
    return Mount.newBuilder()
        .setContainerPath(node.path("container_path").asText())
        .setHostPath(node.path("host_path").asText())
        .setReadonly(node.path("readonly").asBoolean())
        .setSelinuxRelabel(node.path("selinux_relabel").asBoolean())
        .setPropagation(propagation(node.path("propagation").asInt()))
        .build();
  }

  private static MountPropagation propagation(int number) {
    MountPropagation known = MountPropagation.forNumber(number);
    return known == null ? MountPropagation.PROPAGATION_PRIVATE : known;
  }

  PodSandbox sandbox() {
    return PodSandbox.newBuilder()
        .setId(id())
        .setMetadata(sandboxMetadata())
        .setState(sandboxState())
        .setCreatedAt(nanos(record.info().createdAt()))
        .putAllLabels(isForeign() ? record.labels() : metadata.labels())
        .putAllAnnotations(metadata.annotations())
        .setRuntimeHandler(metadata.runtimeHandler())
        .build();
  }

  PodSandboxStatus sandboxStatus() {
    PodSandboxNetworkStatus.Builder network =
        PodSandboxNetworkStatus.newBuilder().setIp(metadata.ip());
    metadata
        .additionalIps()
        .forEach(ip -> network.addAdditionalIps(PodIP.newBuilder().setIp(ip.asText())));
    return PodSandboxStatus.newBuilder()
        .setId(id())
        .setMetadata(sandboxMetadata())
        .setState(sandboxState())
        .setCreatedAt(nanos(record.info().createdAt()))
        .setNetwork(network)
        .setLinux(
            LinuxPodSandboxStatus.newBuilder()
                .setNamespaces(Namespace.newBuilder().setOptions(namespaceOptions())))
        .putAllLabels(isForeign() ? record.labels() : metadata.labels())
        .putAllAnnotations(metadata.annotations())
        .setRuntimeHandler(metadata.runtimeHandler())
        .build();
  }

  private PodSandboxMetadata sandboxMetadata() {
    return isForeign()
        ? PodSandboxMetadata.newBuilder()
            .setName(id())
            .setUid(id())
            .setNamespace(record.id().namespace())
            .build()
        : metadata.sandbox();
  }

  /** Ready as long as its process lives. */
  private PodSandboxState sandboxState() {
    return containerState() == ContainerState.CONTAINER_RUNNING
        ? PodSandboxState.SANDBOX_READY
        : PodSandboxState.SANDBOX_NOTREADY;
  }

  private NamespaceOption namespaceOptions() {
    JsonNode options = metadata.namespaceOptions();
    return NamespaceOption.newBuilder()
        .setNetwork(mode(options.path("network").asInt()))
        .setPid(mode(options.path("pid").asInt()))
        .setIpc(mode(options.path("ipc").asInt()))
        .setTargetId(options.path("target_id").asText())
        .build();
  }

  private static NamespaceMode mode(int number) {
    NamespaceMode known = NamespaceMode.forNumber(number);
    return known == null ? NamespaceMode.POD : known;
  }

  static long nanos(@Nullable Instant time) {
    return time == null ? 0 : TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
  }
}
