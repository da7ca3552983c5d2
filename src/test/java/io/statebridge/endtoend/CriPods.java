package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerConfig;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.CreateContainerRequest;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.LinuxContainerConfig;
import io.statebridge.proto.cri.v1.LinuxContainerSecurityContext;
import io.statebridge.proto.cri.v1.LinuxPodSandboxConfig;
import io.statebridge.proto.cri.v1.LinuxSandboxSecurityContext;
import io.statebridge.proto.cri.v1.Mount;
import io.statebridge.proto.cri.v1.NamespaceMode;
import io.statebridge.proto.cri.v1.NamespaceOption;
import io.statebridge.proto.cri.v1.PodSandboxConfig;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.RemovePodSandboxRequest;
import io.statebridge.proto.cri.v1.RunPodSandboxRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StartContainerRequest;
import io.statebridge.proto.cri.v1.StopPodSandboxRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Pods of the host's network and their containers, by a CRI server. */
record CriPods(UnixChannel channel, RootFilesystem rootFilesystem) {
  static final String NAMESPACE = "k8s.io";

  private static final int DEADLINE_SECONDS = 60;

  /** Processes as kubelets have them: each container sees its own. */
  private static final NamespaceOption HOST_NETWORK =
      NamespaceOption.newBuilder()
          .setNetwork(NamespaceMode.NODE)
          .setPid(NamespaceMode.CONTAINER)
          .build();

  /** At a containerd's CRI plugin, once the images are there. */
  static CriPods of(Path socket, UnixChannel channel, RootFilesystem rootFilesystem, Path archive) {
    ImageArchive.write(archive, rootFilesystem);
    List<String> command =
        new ArrayList<>(List.of("ctr", "-a", socket.toString(), "-n", NAMESPACE));
    command.addAll(List.of("images", "import", "--snapshotter", "native"));
    if (Program.mustRun(List.of("ctr", "images", "import", "--help")).contains("--local")) {
      command.add("--local");
    }
    command.add(archive.toString());
    Program.mustRun(command);
    return new CriPods(channel, rootFilesystem);
  }

  /** A pod, and what it was made from, which its containers need again. */
  record Pod(String id, PodSandboxConfig config) {}

  Pod run(String name) {
    return run(name, "");
  }

  /**
   * @param cgroup below which those of its containers are to be
   */
  Pod run(String name, String cgroup) {
    PodSandboxConfig config =
        PodSandboxConfig.newBuilder()
            .setMetadata(
                PodSandboxMetadata.newBuilder()
                    .setName(name)
                    .setUid("uid-" + name)
                    .setNamespace("tests"))
            .putLabels("pod", name)
            .setLinux(
                LinuxPodSandboxConfig.newBuilder()
                    .setCgroupParent(cgroup)
                    .setSecurityContext(
                        LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(HOST_NETWORK)))
            .build();
    String id =
        stub()
            .runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(config).build())
            .getPodSandboxId();
    return new Pod(id, config);
  }

  /** Creates a container that goes on until {@link #tell} gives it its exit code, and starts it. */
  ContainerId runUntilTold(Pod pod, String name) {
    return run(pod, name, rootFilesystem.untilTold(name));
  }

  /** Creates a container of a shell script and starts it. */
  ContainerId run(Pod pod, String name, String script) {
    ContainerId id = create(pod, name, script);
    stub().startContainer(StartContainerRequest.newBuilder().setContainerId(id.id()).build());
    return id;
  }

  /** Creates a container of a shell script. */
  ContainerId create(Pod pod, String name, String script) {
    return new ContainerId(
        NAMESPACE,
        stub()
            .createContainer(
                CreateContainerRequest.newBuilder()
                    .setPodSandboxId(pod.id())
                    .setSandboxConfig(pod.config())
                    .setConfig(container(name, script))
                    .build())
            .getContainerId());
  }

  private ContainerConfig container(String name, String script) {
    return ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName(name))
        .setImage(ImageSpec.newBuilder().setImage(ImageArchive.BUSYBOX))
        .addAllCommand(List.of("/bin/sh", "-c", script))
        .addMounts(
            Mount.newBuilder()
                .setContainerPath("/told")
                .setHostPath(rootFilesystem.told().toString()))
        .putLabels("container", name)
        .setLinux(
            LinuxContainerConfig.newBuilder()
                .setSecurityContext(
                    LinuxContainerSecurityContext.newBuilder().setNamespaceOptions(HOST_NETWORK)))
        .build();
  }

  void tell(String name, int code) {
    rootFilesystem.tell(name, code);
  }

  ContainerStatus status(ContainerId id) {
    return stub()
        .containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id.id()).build())
        .getStatus();
  }

  void stop(Pod pod) {
    stub().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod.id()).build());
  }

  void remove(Pod pod) {
    stop(pod);
    stub().removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(pod.id()).build());
  }

  RuntimeServiceBlockingStub stub() {
    return RuntimeServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }
}
