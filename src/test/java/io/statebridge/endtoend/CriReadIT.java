package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.CgroupDriver;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerConfig;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStateValue;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerStatusResponse;
import io.statebridge.proto.cri.v1.Int64Value;
import io.statebridge.proto.cri.v1.LinuxContainerResources;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatusResponse;
import io.statebridge.proto.cri.v1.RuntimeConfigRequest;
import io.statebridge.proto.cri.v1.RuntimeConfigResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import io.statebridge.proto.cri.v1.StreamContainersRequest;
import io.statebridge.proto.cri.v1.StreamPodSandboxesRequest;
import io.statebridge.proto.cri.v1.UpdateContainerResourcesRequest;
import io.statebridge.proto.cri.v1.VersionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The read side of the CRI, field by field beside that of a real containerd's plugin. */
final class CriReadIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  @Test
  void containersAndPodsAreToldAsThePluginTellsThemButForWhatIsListed() {
    CriComparison comparison = new CriComparison();
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("compared");
    List<ContainerId> ids = new ArrayList<>();
    for (String name : List.of("running", "zero", "seven", "killed")) {
      ids.add(pods.runUntilTold(pod, name));
    }
    ids.add(pods.create(pod, pods.container("created")));
    ids.add(pods.create(pod, elaborate(pods)));
    pods.tell("zero", 0);
    pods.tell("seven", 7);
    containerd.client().kill(ids.get(3));
    await().until(() -> exited(pods.stub()) == 3 && exited(statebridge.cri()) == 3);

    compare(comparison, pods, pod, ids);

    pods.stub().updateContainerResources(moreShares(ids.getFirst()));
    await()
        .until(
            () ->
                status(statebridge.cri(), ids.getFirst()).getResources().getLinux().getCpuShares(),
            shares -> shares == 300);
    compare(comparison, pods, pod, ids);

    pods.stop(pod);
    await().until(() -> exited(pods.stub()) == 4 && exited(statebridge.cri()) == 4);
    await().until(() -> podState(statebridge.cri(), pod) == PodSandboxState.SANDBOX_NOTREADY);
    compare(comparison, pods, pod, ids);
    CriDifferences differences = CriDifferences.of(containerd.client().version());
    differences.write(comparison);
    assertThat(comparison.differences().keySet()).isEqualTo(differences.listed());

    pods.remove(pod);
    await().until(() -> list(statebridge.cri()).isEmpty());
    await().until(() -> listPods(statebridge.cri()).isEmpty());
    for (RuntimeServiceBlockingStub each : List.of(pods.stub(), statebridge.cri())) {
      assertNotFound(() -> status(each, ids.getFirst()));
      assertNotFound(() -> podStatus(each, pod));
    }
  }

  /** One that says more of itself: its image by id, as kubelets do, and what it may use. */
  private static ContainerConfig elaborate(CriPods pods) {
    String image = pods.image(ImageArchive.BUSYBOX).getId();
    ContainerConfig.Builder config = pods.container("elaborate").toBuilder();
    config.getMetadataBuilder().setAttempt(3);
    config.getImageBuilder().setImage(image).setUserSpecifiedImage("busybox");
    config.getImageBuilder().putAnnotations("image", "annotation");
    config.putAnnotations("an", "annotation");
    config.getMountsBuilder(0).setReadonly(true);
    config.getLinuxBuilder().getSecurityContextBuilder().addSupplementalGroups(77);
    config
        .getLinuxBuilder()
        .getSecurityContextBuilder()
        .setRunAsUser(Int64Value.newBuilder().setValue(1234));
    config
        .getLinuxBuilder()
        .setResources(
            LinuxContainerResources.newBuilder()
                .setCpuShares(200)
                .setCpuPeriod(100_000)
                .setCpuQuota(50_000)
                .setMemoryLimitInBytes(64 << 20)
                .setOomScoreAdj(900));
    return config.build();
  }

  private static UpdateContainerResourcesRequest moreShares(ContainerId id) {
    return UpdateContainerResourcesRequest.newBuilder()
        .setContainerId(id.id())
        .setLinux(LinuxContainerResources.newBuilder().setCpuShares(300))
        .build();
  }

  private void compare(
      CriComparison comparison, CriPods pods, CriPods.Pod pod, List<ContainerId> ids) {
    RuntimeServiceBlockingStub theirs = pods.stub();
    RuntimeServiceBlockingStub ours = statebridge.cri();
    for (ContainerId id : ids) {
      comparison.compare("ContainerStatus", verbose(theirs, id), verbose(ours, id));
    }
    comparison.compareAll("ListContainers", list(theirs), list(ours));
    comparison.compareAll("ListPodSandbox", listPods(theirs), listPods(ours));
    comparison.compare("PodSandboxStatus", podStatus(theirs, pod), podStatus(ours, pod));
    List<Container> streamed = new ArrayList<>();
    ours.streamContainers(StreamContainersRequest.getDefaultInstance())
        .forEachRemaining(message -> streamed.addAll(message.getContainersList()));
    comparison.compareAll("StreamContainers", list(theirs), streamed);
    List<PodSandbox> streamedPods = new ArrayList<>();
    ours.streamPodSandboxes(StreamPodSandboxesRequest.getDefaultInstance())
        .forEachRemaining(message -> streamedPods.addAll(message.getPodSandboxesList()));
    comparison.compareAll("StreamPodSandboxes", listPods(theirs), streamedPods);
    VersionRequest version = VersionRequest.newBuilder().setVersion("0.1.0").build();
    comparison.compare("Version", theirs.version(version), ours.version(version));
    StatusRequest status = StatusRequest.newBuilder().setVerbose(true).build();
    comparison.compare("Status", theirs.status(status), ours.status(status));
  }

  @Test
  void theCgroupDriverIsThePlugins() {
    CriPods pods = containerd.pods();

    RuntimeConfigResponse ours =
        statebridge.cri().runtimeConfig(RuntimeConfigRequest.getDefaultInstance());

    assertThat(ours.getLinux().getCgroupDriver()).isEqualTo(CgroupDriver.CGROUPFS);
    if (containerd.isVersion2()) {
      assertThat(ours)
          .isEqualTo(pods.stub().runtimeConfig(RuntimeConfigRequest.getDefaultInstance()));
    }
    containerd.stop();
    assertThat(statebridge.cri().runtimeConfig(RuntimeConfigRequest.getDefaultInstance()))
        .isEqualTo(ours);
  }

  @Test
  void theStatusTellsThatContainerdIsAway() {
    containerd.stop();
    await().until(() -> !statebridge.status().getSync().getInSync());

    StatusResponse status =
        statebridge.cri().status(StatusRequest.newBuilder().setVerbose(true).build());

    assertThat(status.getStatus().getConditionsList())
        .extracting(c -> c.getType() + " " + c.getStatus() + " " + c.getReason())
        .containsExactly(
            "RuntimeReady false ContainerdNotInSync", "NetworkReady false NetworkStateUnknown");
    assertThat(status.getInfoOrThrow("statebridge")).contains("\"inSync\":false");
  }

  private static void assertNotFound(ThrowingCallable call) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
  }

  private static List<PodSandbox> listPods(RuntimeServiceBlockingStub stub) {
    return stub.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
  }

  private static PodSandboxStatusResponse podStatus(
      RuntimeServiceBlockingStub stub, CriPods.Pod pod) {
    return stub.podSandboxStatus(
        PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod.id()).setVerbose(true).build());
  }

  private static PodSandboxState podState(RuntimeServiceBlockingStub stub, CriPods.Pod pod) {
    return podStatus(stub, pod).getStatus().getState();
  }

  private static ContainerStatusResponse verbose(RuntimeServiceBlockingStub stub, ContainerId id) {
    return stub.containerStatus(
        ContainerStatusRequest.newBuilder().setContainerId(id.id()).setVerbose(true).build());
  }

  private static long exited(RuntimeServiceBlockingStub stub) {
    return list(stub).stream().filter(c -> c.getState() == ContainerState.CONTAINER_EXITED).count();
  }

  private static List<Container> list(RuntimeServiceBlockingStub stub) {
    return stub.listContainers(
            ListContainersRequest.newBuilder()
                .setFilter(ContainerFilter.getDefaultInstance())
                .build())
        .getContainersList();
  }

  private static ContainerStatus status(RuntimeServiceBlockingStub stub, ContainerId id) {
    return stub.containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id.id()).build())
        .getStatus();
  }

  @Test
  void filtersAndPrefixesFindWhatThePluginFinds() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("filtered");
    ContainerId running = pods.runUntilTold(pod, "running");
    ContainerId ended = pods.runUntilTold(pod, "ended");
    pods.tell("ended", 7);
    RuntimeServiceBlockingStub ours = statebridge.cri();
    await().until(() -> exited(pods.stub()) == 1 && exited(ours) == 1);
    String prefix = ended.id().substring(0, 12);
    List<ContainerFilter> filters =
        List.of(
            ContainerFilter.newBuilder().setId(prefix).build(),
            ContainerFilter.newBuilder().setId("nobody").build(),
            ContainerFilter.newBuilder().setPodSandboxId(pod.id().substring(0, 12)).build(),
            ContainerFilter.newBuilder().setPodSandboxId("nobody").build(),
            ContainerFilter.newBuilder()
                .setState(
                    ContainerStateValue.newBuilder().setState(ContainerState.CONTAINER_RUNNING))
                .build(),
            ContainerFilter.newBuilder().putLabelSelector("container", "ended").build(),
            ContainerFilter.newBuilder().putLabelSelector("container", "nothing").build());

    for (ContainerFilter filter : filters) {
      assertThat(ids(ours, filter)).as("%s", filter).isEqualTo(ids(pods.stub(), filter));
    }
    assertThat(ids(ours, filters.getFirst())).containsExactly(ended.id());
    assertThat(status(ours, new ContainerId(ended.namespace(), prefix)).getExitCode()).isEqualTo(7);
    for (String wrong : List.of("nobody", "")) {
      assertNotFound(() -> status(ours, new ContainerId(running.namespace(), "x" + wrong)));
    }
    pods.remove(pod);
  }

  private static Set<String> ids(RuntimeServiceBlockingStub stub, ContainerFilter filter) {
    return stub
        .listContainers(ListContainersRequest.newBuilder().setFilter(filter).build())
        .getContainersList()
        .stream()
        .map(Container::getId)
        .collect(Collectors.toSet());
  }
}
