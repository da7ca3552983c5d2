package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.ContainerStatsFilter;
import io.statebridge.proto.cri.v1.ContainerStatsRequest;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.CpuUsage;
import io.statebridge.proto.cri.v1.ListContainerStatsRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.MemoryUsage;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import io.statebridge.proto.cri.v1.PodSandboxStatsFilter;
import io.statebridge.proto.cri.v1.PodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StreamContainerStatsRequest;
import io.statebridge.proto.cri.v1.StreamPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.UInt64Value;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The stats of containers and pods, beside those of a real containerd's plugin. */
final class CriStatsIT {
  private static final int HELD_BYTES = 8_000_000;

  /**
   * Writes and holds so much, and goes on. What it has written is cached, and not touched again.
   */
  private static final String BUSY =
      """
      busybox head -c %1$d /dev/zero > /written
      held=$(busybox head -c %1$d /dev/zero | busybox tr '\\0' x)
      while :; do :; done
      """
          .formatted(HELD_BYTES);

  private static final long NANOS_OF_A_SECOND = 1_000_000_000;

  /** What memory may come and go between two questions. */
  private static final Offset<Long> SOME_BYTES = Offset.offset(1L << 20);

  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());
  private final String cgroup = containerd.namespace("stats");

  @BeforeEach
  void start() {
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterEach
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    } finally {
      Leftovers.removeDirectories(cgroup);
    }
  }

  private RuntimeServiceBlockingStub ours() {
    return statebridge.cri();
  }

  private static ContainerStats container(RuntimeServiceBlockingStub stub, ContainerId id) {
    return stub.containerStats(ContainerStatsRequest.newBuilder().setContainerId(id.id()).build())
        .getStats();
  }

  private static List<ContainerStats> containers(
      RuntimeServiceBlockingStub stub, ContainerStatsFilter filter) {
    return stub.listContainerStats(ListContainerStatsRequest.newBuilder().setFilter(filter).build())
        .getStatsList();
  }

  /** As a list of one tells it. */
  private static ContainerStats listed(RuntimeServiceBlockingStub stub, ContainerId id) {
    return containers(stub, ContainerStatsFilter.newBuilder().setId(id.id()).build()).getFirst();
  }

  private static PodSandboxStats pod(RuntimeServiceBlockingStub stub, String id) {
    return stub.podSandboxStats(PodSandboxStatsRequest.newBuilder().setPodSandboxId(id).build())
        .getStats();
  }

  private static List<String> pods(RuntimeServiceBlockingStub stub, PodSandboxStatsFilter filter) {
    return stub
        .listPodSandboxStats(ListPodSandboxStatsRequest.newBuilder().setFilter(filter).build())
        .getStatsList()
        .stream()
        .map(stats -> stats.getAttributes().getId())
        .sorted()
        .toList();
  }

  private static Status.Code codeOf(Supplier<?> call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::get).getStatus().getCode();
  }

  private void awaitState(RuntimeServiceBlockingStub stub, ContainerId id, ContainerState state) {
    await()
        .until(
            () ->
                stub.containerStatus(
                            ContainerStatusRequest.newBuilder().setContainerId(id.id()).build())
                        .getStatus()
                        .getState()
                    == state);
  }

  @Test
  void containersAreMeasuredAsThePluginMeasuresThem() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("measured", "/" + cgroup);
    ContainerId busy = pods.run(pod, "busy", BUSY);
    ContainerId idle = pods.runUntilTold(pod, "idle");
    awaitState(ours(), idle, ContainerState.CONTAINER_RUNNING);
    awaitBusy(pods, busy);
    // Both need two samples for a rate.
    await().until(() -> container(ours(), busy).getCpu().hasUsageNanoCores());
    await().until(() -> listed(pods.stub(), busy).getCpu().getUsageNanoCores().getValue() > 0);
    await().until(() -> container(ours(), idle).getCpu().hasUsageNanoCores());

    for (ContainerId id : List.of(busy, idle)) {
      ContainerStats before = listed(pods.stub(), id);
      ContainerStats our = container(ours(), id);
      ContainerStats after = listed(pods.stub(), id);

      assertThat(present(our)).isEqualTo(present(before));
      assertThat(our.getAttributes()).isEqualTo(before.getAttributes());
      compare(before.getCpu(), our.getCpu(), after.getCpu());
      compare(before.getMemory(), our.getMemory(), after.getMemory());
      assertThat(our.getWritableLayer().toBuilder().clearTimestamp().build())
          .isEqualTo(before.getWritableLayer().toBuilder().clearTimestamp().build());
    }
    // Else some of the figures could be confused, and nobody would notice.
    MemoryUsage memory = container(ours(), busy).getMemory();
    assertThat(memory.getUsageBytes().getValue() - memory.getWorkingSetBytes().getValue())
        .isGreaterThan(HELD_BYTES / 2);
    assertThat(container(ours(), busy).getCpu().getUsageNanoCores().getValue())
        .isBetween(1L, Runtime.getRuntime().availableProcessors() * NANOS_OF_A_SECOND * 2);
    pods.remove(pod);
  }

  /** The plugin, too, has seen what it writes and holds: it sizes layers in the background. */
  private static void awaitBusy(CriPods pods, ContainerId busy) {
    await()
        .until(
            () -> listed(pods.stub(), busy),
            stats ->
                stats.getWritableLayer().getUsedBytes().getValue() > HELD_BYTES
                    && stats.getMemory().getRssBytes().getValue() > HELD_BYTES);
  }

  private static void compare(CpuUsage before, CpuUsage our, CpuUsage after) {
    assertThat(our.getTimestamp()).isBetween(before.getTimestamp(), after.getTimestamp());
    assertThat(our.getUsageCoreNanoSeconds().getValue())
        .isPositive()
        .isBetween(
            before.getUsageCoreNanoSeconds().getValue(),
            after.getUsageCoreNanoSeconds().getValue());
  }

  private static void compare(MemoryUsage before, MemoryUsage our, MemoryUsage after) {
    assertThat(our.getTimestamp()).isBetween(before.getTimestamp(), after.getTimestamp());
    assertThat(our.getUsageBytes().getValue())
        .isPositive()
        .isCloseTo(before.getUsageBytes().getValue(), SOME_BYTES);
    assertThat(our.getWorkingSetBytes().getValue())
        .isPositive()
        .isCloseTo(before.getWorkingSetBytes().getValue(), SOME_BYTES);
    assertThat(our.getRssBytes().getValue()).isCloseTo(before.getRssBytes().getValue(), SOME_BYTES);
    assertThat(our.getAvailableBytes()).isEqualTo(before.getAvailableBytes());
    assertThat(our.getPageFaults().getValue())
        .isBetween(before.getPageFaults().getValue(), after.getPageFaults().getValue());
    assertThat(our.getMajorPageFaults().getValue())
        .isBetween(before.getMajorPageFaults().getValue(), after.getMajorPageFaults().getValue());
  }

  /** The paths of all fields that are set. A number in a message of its own is set also when 0. */
  private static Set<String> present(Message message) {
    Set<String> paths = new TreeSet<>();
    for (FieldDescriptor field : message.getAllFields().keySet()) {
      if (field.isRepeated()
          || field.getJavaType() != FieldDescriptor.JavaType.MESSAGE
          || field.getMessageType().equals(UInt64Value.getDescriptor())) {
        paths.add(field.getName());
      } else {
        present((Message) message.getField(field))
            .forEach(path -> paths.add(field.getName() + "." + path));
      }
    }
    return paths;
  }

  @Test
  void podsAreMeasuredAsThePluginMeasuresThem() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("measured", "/" + cgroup);
    ContainerId busy = pods.run(pod, "busy", BUSY);
    ContainerId idle = pods.runUntilTold(pod, "idle");
    awaitState(ours(), idle, ContainerState.CONTAINER_RUNNING);
    awaitBusy(pods, busy);
    await().until(() -> pod(ours(), pod.id()).getLinux().getCpu().hasUsageNanoCores());

    PodSandboxStats before = pod(pods.stub(), pod.id());
    PodSandboxStats our = pod(ours(), pod.id());
    PodSandboxStats after = pod(pods.stub(), pod.id());

    Set<String> theirFields = present(before);
    theirFields.add("linux.cpu.usage_nano_cores");
    assertThat(present(our)).isEqualTo(theirFields);
    assertThat(our.getAttributes()).isEqualTo(before.getAttributes());
    compare(before.getLinux().getCpu(), our.getLinux().getCpu(), after.getLinux().getCpu());
    compare(
        before.getLinux().getMemory(), our.getLinux().getMemory(), after.getLinux().getMemory());
    assertThat(our.getLinux().getProcess().getProcessCount().getValue())
        .isEqualTo(before.getLinux().getProcess().getProcessCount().getValue())
        .isEqualTo(2);
    assertThat(our.getLinux().getContainersList())
        .extracting(ContainerStats::getAttributes)
        .containsExactlyInAnyOrderElementsOf(
            before.getLinux().getContainersList().stream()
                .map(ContainerStats::getAttributes)
                .toList());
    pods.remove(pod);
  }

  @Test
  void whatDoesNotRunIsToldAsThePluginTellsIt() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("partly", "/" + cgroup);
    ContainerId running = pods.runUntilTold(pod, "running");
    ContainerId created = pods.create(pod, "created", BUSY);
    ContainerId exited = pods.runUntilTold(pod, "exited");
    pods.tell("exited", 7);
    for (RuntimeServiceBlockingStub stub : List.of(pods.stub(), ours())) {
      awaitState(stub, running, ContainerState.CONTAINER_RUNNING);
      awaitState(stub, created, ContainerState.CONTAINER_CREATED);
      awaitState(stub, exited, ContainerState.CONTAINER_EXITED);
    }
    for (ContainerId id : List.of(created, exited)) {
      await().until(() -> listed(pods.stub(), id).getWritableLayer().getTimestamp() != 0);

      ContainerStats their = listed(pods.stub(), id);
      ContainerStats our = listed(ours(), id);

      assertThat(our.toBuilder().clearWritableLayer().build())
          .isEqualTo(their.toBuilder().clearWritableLayer().build());
      assertThat(our.getWritableLayer().toBuilder().clearTimestamp().build())
          .isEqualTo(their.getWritableLayer().toBuilder().clearTimestamp().build());
      assertThat(present(our)).isEqualTo(present(their)).doesNotContain("cpu.timestamp");
      assertThat(codeOf(() -> container(ours(), id)))
          .isEqualTo(codeOf(() -> container(pods.stub(), id)));
    }
    ContainerId nobody = new ContainerId(CriPods.NAMESPACE, "nobody");
    assertThat(codeOf(() -> container(ours(), nobody)))
        .isEqualTo(codeOf(() -> container(pods.stub(), nobody)));
    assertThat(codeOf(() -> pod(ours(), "nobody")))
        .isEqualTo(codeOf(() -> pod(pods.stub(), "nobody")));
    pods.stop(pod);
    awaitState(ours(), running, ContainerState.CONTAINER_EXITED);
    await().until(() -> pods(ours(), PodSandboxStatsFilter.getDefaultInstance()).isEmpty());
    assertThat(codeOf(() -> pod(ours(), pod.id()))).isEqualTo(Status.Code.UNAVAILABLE);
    // 1.6 has no code for it.
    assertThat(codeOf(() -> pod(pods.stub(), pod.id())))
        .isIn(Status.Code.UNAVAILABLE, Status.Code.UNKNOWN);
    pods.remove(pod);
  }

  @Test
  void filtersFindWhatThePluginFinds() {
    CriPods pods = containerd.pods();
    CriPods.Pod one = pods.run("one", "/" + cgroup);
    CriPods.Pod two = pods.run("two", "/" + cgroup);
    ContainerId first = pods.runUntilTold(one, "first");
    ContainerId second = pods.runUntilTold(two, "second");
    awaitState(ours(), second, ContainerState.CONTAINER_RUNNING);
    List<ContainerStatsFilter> filters =
        List.of(
            ContainerStatsFilter.getDefaultInstance(),
            ContainerStatsFilter.newBuilder().setId(first.id().substring(0, 12)).build(),
            ContainerStatsFilter.newBuilder().setId("nobody").build(),
            ContainerStatsFilter.newBuilder().setPodSandboxId(two.id().substring(0, 12)).build(),
            ContainerStatsFilter.newBuilder().setPodSandboxId("nobody").build(),
            ContainerStatsFilter.newBuilder().putLabelSelector("container", "second").build(),
            ContainerStatsFilter.newBuilder().putLabelSelector("container", "none").build());
    List<PodSandboxStatsFilter> podFilters =
        List.of(
            PodSandboxStatsFilter.getDefaultInstance(),
            PodSandboxStatsFilter.newBuilder().setId(one.id().substring(0, 12)).build(),
            PodSandboxStatsFilter.newBuilder().setId("nobody").build(),
            PodSandboxStatsFilter.newBuilder().putLabelSelector("pod", "two").build());

    for (ContainerStatsFilter filter : filters) {
      assertThat(ids(containers(ours(), filter)))
          .as("%s", filter)
          .isEqualTo(ids(containers(pods.stub(), filter)));
    }
    for (PodSandboxStatsFilter filter : podFilters) {
      assertThat(pods(ours(), filter)).as("%s", filter).isEqualTo(pods(pods.stub(), filter));
    }
    assertThat(ids(containers(ours(), filters.get(1)))).containsExactly(first.id());
    assertThat(pods(ours(), podFilters.get(3))).containsExactly(two.id());
    assertThat(
            ours()
                .streamContainerStats(StreamContainerStatsRequest.getDefaultInstance())
                .next()
                .getContainerStatsCount())
        .isEqualTo(2);
    assertThat(
            ours()
                .streamPodSandboxStats(StreamPodSandboxStatsRequest.getDefaultInstance())
                .next()
                .getPodSandboxStatsCount())
        .isEqualTo(2);
    pods.remove(one);
    pods.remove(two);
  }

  private static List<String> ids(List<ContainerStats> stats) {
    return stats.stream().map(each -> each.getAttributes().getId()).sorted().toList();
  }

  @Test
  void aContainerdThatIsAwayIsSaidToBeAway() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("orphaned", "/" + cgroup);
    ContainerId running = pods.runUntilTold(pod, "running");
    awaitState(ours(), running, ContainerState.CONTAINER_RUNNING);
    containerd.stop();

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> container(ours(), running));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure.getStatus().getDescription()).startsWith("containerd is away");
    assertThat(codeOf(() -> pod(ours(), pod.id()))).isEqualTo(Status.Code.UNAVAILABLE);
    containerd.start();
    await()
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> container(ours(), running).hasCpu());
    pods.remove(pod);
  }
}
