package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStateValue;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerUser;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The read side of the CRI, field by field beside that of a real containerd's plugin. */
final class CriReadIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());

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
    }
  }

  @Test
  void containersAndPodsAreToldAsThePluginTellsThem() {
    CriPods pods = containerd.pods();
    RuntimeServiceBlockingStub theirs = pods.stub();
    RuntimeServiceBlockingStub ours = statebridge.cri();
    CriPods.Pod pod = pods.run("compared");
    List<ContainerId> ids = new ArrayList<>();
    for (String name : List.of("running", "zero", "seven", "killed")) {
      ids.add(pods.runUntilTold(pod, name));
    }
    pods.tell("zero", 0);
    pods.tell("seven", 7);
    containerd.client().kill(ids.get(3));
    await().until(() -> exited(theirs) == 3 && exited(ours) == 3);

    List<String> differences = new ArrayList<>();
    for (ContainerId id : ids) {
      compare("ContainerStatus", status(theirs, id), status(ours, id), differences);
    }
    compareAll("Container", list(theirs), list(ours), differences);
    List<PodSandbox> theirPods =
        theirs.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
    List<PodSandbox> ourPods =
        ours.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
    compareAll("PodSandbox", theirPods, ourPods, differences);
    PodSandboxStatusRequest podStatus =
        PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod.id()).build();
    compare(
        "PodSandboxStatus",
        theirs.podSandboxStatus(podStatus).getStatus(),
        ours.podSandboxStatus(podStatus).getStatus(),
        differences);

    assertThat(differences).isEmpty();
    pods.remove(pod);
    await().until(() -> list(ours).isEmpty());
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

  private static void compareAll(
      String what, List<? extends Message> theirs, List<? extends Message> ours, List<String> out) {
    assertThat(ours).hasSameSizeAs(theirs);
    for (Message their : theirs) {
      FieldDescriptor id = their.getDescriptorForType().findFieldByName("id");
      Message our =
          ours.stream()
              .filter(o -> o.getField(id).equals(their.getField(id)))
              .findFirst()
              .orElseThrow();
      compare(what, their, our, out);
    }
  }

  /** The differences that docs/cri.md lists. */
  private static boolean isAllowed(String field, Object their, Object our) {
    return switch (field) {
      case "created_at", "started_at" ->
          Math.abs((long) their - (long) our) < Duration.ofSeconds(1).toNanos();
      case "image_id" -> their.equals("");
      case "user" -> our.equals(ContainerUser.getDefaultInstance());
      default -> false;
    };
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
      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> status(ours, new ContainerId(running.namespace(), "x" + wrong)))
          .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
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

  private static void compare(String what, Message theirs, Message ours, List<String> out) {
    for (FieldDescriptor field : theirs.getDescriptorForType().getFields()) {
      Object their = theirs.getField(field);
      Object our = ours.getField(field);
      boolean same =
          field.isMapField()
              ? Set.copyOf((List<?>) their).equals(Set.copyOf((List<?>) our))
              : their.equals(our);
      if (!same && !isAllowed(field.getName(), their, our)) {
        out.add("%s.%s: theirs %s, ours %s".formatted(what, field.getName(), their, our));
      }
    }
  }
}
