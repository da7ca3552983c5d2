package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerConfig;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.CreateContainerRequest;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
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
import java.util.stream.Stream;

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
    bringIn(socket, archive);
    return new CriPods(channel, rootFilesystem);
  }

  /** Brings the images of an archive in, unpacked. */
  static void bringIn(Path socket, Path archive) {
    List<String> command =
        new ArrayList<>(List.of("ctr", "-a", socket.toString(), "-n", NAMESPACE));
    command.addAll(List.of("images", "import", "--snapshotter", "native"));
    if (Program.mustRun(List.of("ctr", "images", "import", "--help")).contains("--local")) {
      command.add("--local");
    }
    command.add(archive.toString());
    Program.mustRun(command);
    tagByDigest(socket, ImageArchive.BUSYBOX);
  }

  /** Gives an image a name with its digest besides, as one that was pulled has it. */
  private static void tagByDigest(Path socket, String name) {
    List<String> images = List.of("ctr", "-a", socket.toString(), "-n", NAMESPACE, "images");
    String digest =
        Program.mustRun(concat(images, List.of("list", "name==" + name)))
            .lines()
            .skip(1)
            .map(line -> line.replaceAll("\\S+\\s+\\S+\\s+(\\S+).*", "$1"))
            .findFirst()
            .orElseThrow();
    String byDigest = name.substring(0, name.lastIndexOf(':')) + "@" + digest;
    Program.mustRun(concat(images, List.of("tag", "--force", name, byDigest)));
  }

  private static List<String> concat(List<String> some, List<String> more) {
    return Stream.concat(some.stream(), more.stream()).toList();
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
            .setLogDirectory(rootFilesystem.told().resolve("logs").toString())
            .putLabels("pod", name)
            .putAnnotations("of", "the pod " + name)
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
    start(id);
    return id;
  }

  void start(ContainerId id) {
    stub().startContainer(StartContainerRequest.newBuilder().setContainerId(id.id()).build());
  }

  /** Creates a container and leaves it at that. */
  ContainerId create(Pod pod, ContainerConfig config) {
    return new ContainerId(
        NAMESPACE,
        stub()
            .createContainer(
                CreateContainerRequest.newBuilder()
                    .setPodSandboxId(pod.id())
                    .setSandboxConfig(pod.config())
                    .setConfig(config)
                    .build())
            .getContainerId());
  }

  ContainerId create(Pod pod, String name) {
    return create(pod, container(name));
  }

  ContainerId create(Pod pod, String name, String script) {
    return create(pod, container(name, script));
  }

  /** What {@link #runUntilTold} creates. */
  ContainerConfig container(String name) {
    return container(name, rootFilesystem.untilTold(name));
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
        .setLogPath(name + ".log")
        .setLinux(
            LinuxContainerConfig.newBuilder()
                .setSecurityContext(
                    LinuxContainerSecurityContext.newBuilder().setNamespaceOptions(HOST_NETWORK)))
        .build();
  }

  void tell(String name, int code) {
    rootFilesystem.tell(name, code);
  }

  /** The same, by way of another server. */
  CriPods through(UnixChannel other) {
    return new CriPods(other, rootFilesystem);
  }

  ContainerStatus status(ContainerId id) {
    return status(stub(), id);
  }

  static ContainerStatus status(RuntimeServiceBlockingStub stub, ContainerId id) {
    return stub.containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id.id()).build())
        .getStatus();
  }

  /** What the plugin says of an image, by a name of it. */
  Image image(String name) {
    return images()
        .imageStatus(
            ImageStatusRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(name)).build())
        .getImage();
  }

  void stop(Pod pod) {
    stop(pod.id());
  }

  private void stop(String id) {
    stub().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  void remove(Pod pod) {
    remove(pod.id());
  }

  void remove(String id) {
    stop(id);
    stub().removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  RuntimeServiceBlockingStub stub() {
    return RuntimeServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  /** Of the same server. */
  ImageServiceBlockingStub images() {
    return ImageServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }
}
