package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ExecSyncRequest;
import io.statebridge.proto.cri.v1.ExecSyncResponse;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.RemoveContainerRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StartContainerRequest;
import io.statebridge.proto.cri.v1.StopContainerRequest;
import io.statebridge.proto.cri.v1.StopPodSandboxRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A whole CRI endpoint: what changes something passes through, and is read at once. */
final class CriForwardIT {

  /** bin/bench asks for more. */
  private static final int CYCLES = Integer.getInteger("statebridge.cri.cycles", 20);

  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge =
      StatebridgeProcess.configured(containerd.socket(), "cri_forward = true");

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private CriPods pods() {
    return containerd.pods().through(statebridge.channel());
  }

  @Test
  void whatAForwardedCallDidIsReadAtOnce() {
    CriPods pods = pods();
    for (int cycle = 0; cycle < CYCLES; cycle++) {
      liveAndDie(pods, "cycle" + cycle);
    }
    assertThat(statebridge.log()).doesNotContain("may lag behind");
  }

  @Test
  void thatDoesNotDependOnEvents() {
    CriPods theirs = containerd.pods();
    try (LateEvents detour = new LateEvents(containerd.socket(), Duration.ofSeconds(1));
        StatebridgeProcess late =
            StatebridgeProcess.configured(
                detour.socket(), "cri_forward = true", "exit_watch = \"off\"")) {
      late.start();
      late.awaitInSync();

      liveAndDie(theirs.through(late.channel()), "late");
    }
  }

  private static void liveAndDie(CriPods pods, String name) {
    RuntimeServiceBlockingStub cri = pods.stub();
    CriPods.Pod pod = pods.run(name);
    assertThat(podState(cri, pod)).isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(listedPods(cri)).contains(pod.id());

    ContainerId id = pods.create(pod, pods.container(name));
    assertThat(status(cri, id).getState()).isEqualTo(ContainerState.CONTAINER_CREATED);
    assertThat(listed(cri)).contains(id.id());

    cri.startContainer(StartContainerRequest.newBuilder().setContainerId(id.id()).build());
    assertThat(status(cri, id).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    assertThat(status(cri, id).getStartedAt()).isPositive();
    // Where crictl and kubelets read its log.
    assertThat(Path.of(status(cri, id).getLogPath())).isRegularFile();

    ExecSyncResponse said =
        cri.execSync(
            ExecSyncRequest.newBuilder()
                .setContainerId(id.id())
                .addAllCmd(List.of("/bin/sh", "-c", "echo said; exit 4"))
                .build());
    assertThat(said.getStdout().toStringUtf8()).isEqualTo("said\n");
    assertThat(said.getExitCode()).isEqualTo(4);
    assertThat(status(cri, id).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);

    cri.stopContainer(StopContainerRequest.newBuilder().setContainerId(id.id()).build());
    ContainerStatus stopped = status(cri, id);
    assertThat(stopped.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(stopped.getExitCode()).isEqualTo(137);
    assertThat(stopped.getReason()).isEqualTo("Error");

    cri.removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id.id()).build());
    assertThat(listed(cri)).doesNotContain(id.id());

    cri.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod.id()).build());
    assertThat(podState(cri, pod)).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);

    pods.remove(pod);
    assertThat(listedPods(cri)).doesNotContain(pod.id());
  }

  @Test
  void stoppingAPodIsReadOfItsContainersToo() {
    CriPods pods = pods();
    CriPods.Pod pod = pods.run("pod");
    List<ContainerId> ids = List.of(pods.runUntilTold(pod, "a"), pods.runUntilTold(pod, "b"));

    // By a prefix, as people do.
    pods.stub()
        .stopPodSandbox(
            StopPodSandboxRequest.newBuilder().setPodSandboxId(pod.id().substring(0, 12)).build());

    assertThat(ids)
        .allSatisfy(
            id ->
                assertThat(status(pods.stub(), id).getState())
                    .isEqualTo(ContainerState.CONTAINER_EXITED));
    pods.remove(pod);
    assertThat(listed(pods.stub())).isEmpty();
  }

  @Test
  void errorsDeadlinesAndUnknownMethodsPassThrough() {
    CriPods theirs = containerd.pods();
    CriPods ours = theirs.through(statebridge.channel());
    StartContainerRequest nobody =
        StartContainerRequest.newBuilder().setContainerId("nobody").build();

    Status their = failure(() -> theirs.stub().startContainer(nobody));
    Status our = failure(() -> ours.stub().startContainer(nobody));
    assertThat(our.getCode()).isEqualTo(their.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(our.getDescription()).isEqualTo(their.getDescription());

    MethodDescriptor<StartContainerRequest, StartContainerRequest> future = future();
    assertThat(failure(() -> call(ours, future, nobody)).getDescription())
        .isEqualTo(failure(() -> call(theirs, future, nobody)).getDescription())
        .contains("InventTomorrow");

    CriPods.Pod pod = ours.run("deadline");
    ContainerId id = ours.runUntilTold(pod, "deadline");
    ExecSyncRequest sleep =
        ExecSyncRequest.newBuilder()
            .setContainerId(id.id())
            .addAllCmd(List.of("/bin/sleep", "30"))
            .build();
    assertThat(
            failure(() -> ours.stub().withDeadlineAfter(300, TimeUnit.MILLISECONDS).execSync(sleep))
                .getCode())
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(status(ours.stub(), id).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    ours.remove(pod);
  }

  @Test
  void aCallWhileContainerdIsAwayFailsAndReadsGoOn() throws Exception {
    CriPods ours = pods();
    CriPods.Pod pod = ours.run("away");
    ContainerId id = ours.runUntilTold(pod, "away");
    containerd.stop();

    ListenableFuture<?> stop =
        RuntimeServiceGrpc.newFutureStub(statebridge.channel().grpc())
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .stopContainer(StopContainerRequest.newBuilder().setContainerId(id.id()).build());

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> stop.get(20, TimeUnit.SECONDS))
        .satisfies(
            e -> assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    assertThat(status(ours.stub(), id).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    containerd.start();
    statebridge.awaitInSync();
  }

  private static MethodDescriptor<StartContainerRequest, StartContainerRequest> future() {
    return MethodDescriptor.<StartContainerRequest, StartContainerRequest>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("runtime.v1.RuntimeService/InventTomorrow")
        .setRequestMarshaller(ProtoUtils.marshaller(StartContainerRequest.getDefaultInstance()))
        .setResponseMarshaller(ProtoUtils.marshaller(StartContainerRequest.getDefaultInstance()))
        .build();
  }

  private static void call(
      CriPods pods,
      MethodDescriptor<StartContainerRequest, StartContainerRequest> method,
      StartContainerRequest request) {
    ClientCalls.blockingUnaryCall(pods.channel().grpc(), method, CallOptions.DEFAULT, request);
  }

  private static Status failure(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
    throw new AssertionError("went through");
  }

  private static ContainerStatus status(RuntimeServiceBlockingStub cri, ContainerId id) {
    return CriPods.status(cri, id);
  }

  private static PodSandboxState podState(RuntimeServiceBlockingStub cri, CriPods.Pod pod) {
    return cri.podSandboxStatus(
            PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod.id()).build())
        .getStatus()
        .getState();
  }

  private static List<String> listed(RuntimeServiceBlockingStub cri) {
    return cri
        .listContainers(ListContainersRequest.getDefaultInstance())
        .getContainersList()
        .stream()
        .map(c -> c.getId())
        .toList();
  }

  private static List<String> listedPods(RuntimeServiceBlockingStub cri) {
    return cri.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList().stream()
        .map(p -> p.getId())
        .toList();
  }
}
