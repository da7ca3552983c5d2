package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.CreateContainerRequest;
import io.statebridge.proto.cri.v1.CreateContainerResponse;
import io.statebridge.proto.cri.v1.ExecSyncRequest;
import io.statebridge.proto.cri.v1.ExecSyncResponse;
import io.statebridge.proto.cri.v1.ListMetricDescriptorsRequest;
import io.statebridge.proto.cri.v1.ListMetricDescriptorsResponse;
import io.statebridge.proto.cri.v1.MetricDescriptor;
import io.statebridge.proto.cri.v1.RuntimeCondition;
import io.statebridge.proto.cri.v1.RuntimeConfigRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceImplBase;
import io.statebridge.proto.cri.v1.StartContainerRequest;
import io.statebridge.proto.cri.v1.StartContainerResponse;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StopContainerRequest;
import io.statebridge.proto.cri.v1.StopPodSandboxRequest;
import io.statebridge.proto.cri.v1.StopPodSandboxResponse;
import java.net.ConnectException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CriForwardingTest {

  private static final class Plugin extends RuntimeServiceImplBase {
    final CompletableFuture<Context> execCalled = new CompletableFuture<>();

    @Override
    public void createContainer(
        CreateContainerRequest request, StreamObserver<CreateContainerResponse> out) {
      out.onNext(CreateContainerResponse.newBuilder().setContainerId("made").build());
      out.onCompleted();
    }

    @Override
    public void startContainer(
        StartContainerRequest request, StreamObserver<StartContainerResponse> out) {
      out.onError(Status.DATA_LOSS.withDescription("half done").asRuntimeException());
    }

    @Override
    public void stopPodSandbox(
        StopPodSandboxRequest request, StreamObserver<StopPodSandboxResponse> out) {
      out.onNext(StopPodSandboxResponse.getDefaultInstance());
      out.onCompleted();
    }

    /** Never answers. */
    @Override
    public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> out) {
      execCalled.complete(Context.current());
    }

    @Override
    public void listMetricDescriptors(
        ListMetricDescriptorsRequest request, StreamObserver<ListMetricDescriptorsResponse> out) {
      out.onNext(
          ListMetricDescriptorsResponse.newBuilder()
              .addDescriptors(MetricDescriptor.newBuilder().setName("a_metric"))
              .build());
      out.onCompleted();
    }
  }

  private static ContainerId id(String id) {
    return new ContainerId("k8s.io", id);
  }

  private static StartContainerRequest start(String id) {
    return StartContainerRequest.newBuilder().setContainerId(id).build();
  }

  @Test
  void withoutForwardingTheErrorSaysWhereToGo() {
    try (CriFixture f = new CriFixture(false, new Plugin())) {
      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().startContainer(start("c1")))
          .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED))
          .withMessageContaining("runtime.v1.RuntimeService/StartContainer")
          .withMessageContaining("/run/c.sock")
          .withMessageContaining("cri_forward = true");
      assertThat(f.settled).isEmpty();
    }
  }

  @Test
  void whatOnlyReadsPassesThroughAllTheSame() {
    try (CriFixture f = new CriFixture(false, new Plugin())) {
      assertThat(
              f.client()
                  .listMetricDescriptors(ListMetricDescriptorsRequest.getDefaultInstance())
                  .getDescriptorsList())
          .extracting(MetricDescriptor::getName)
          .containsExactly("a_metric");
    }
  }

  @Test
  void theContainerAndThePodThatACallNamesAreLookedAtBeforeItsEnd() throws Exception {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.settling = new CompletableFuture<>();
      ListenableFuture<CreateContainerResponse> created =
          RuntimeServiceGrpc.newFutureStub(f.channel())
              .createContainer(CreateContainerRequest.newBuilder().setPodSandboxId("pod1").build());
      await().until(() -> !f.settled.isEmpty());
      assertThat(created.isDone()).isFalse();

      f.settling.complete(null);

      assertThat(created.get(20, TimeUnit.SECONDS).getContainerId()).isEqualTo("made");
      assertThat(f.settled).containsExactly(Set.of(id("pod1"), id("made")));
    }
  }

  @Test
  void aCallThatFailedMayHaveDoneHalfOfIt() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().startContainer(start("c1")))
          .withMessage("DATA_LOSS: half done");
      assertThat(f.settled).containsExactly(Set.of(id("c1")));
    }
  }

  @Test
  void aPodsCallTouchesItsContainersAndAPrefixNamesThemAll() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.addSandbox("pod1");
      f.addContainer("c1", "pod1");
      f.addContainer("c2", "pod2");

      f.client().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId("po").build());

      // The prefix itself could be an id that is not known yet.
      assertThat(f.settled).containsExactly(Set.of(id("po"), id("pod1"), id("c1"), id("c2")));
    }
  }

  @Test
  void recordsThatDoNotSettleHoldAnAnswerUpForABoundedTime() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.settling = new CompletableFuture<>();

      assertThat(
              f.client()
                  .withDeadlineAfter(
                      ForwardedCall.SETTLE_TIMEOUT.plusSeconds(20).toSeconds(), TimeUnit.SECONDS)
                  .createContainer(CreateContainerRequest.getDefaultInstance())
                  .getContainerId())
          .isEqualTo("made");
    }
  }

  @Test
  void anIdThatIsNoneTouchesNobody() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.client()
          .stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId("no id!").build());
      assertThat(f.settled).isEmpty();
    }
  }

  @Test
  void deadlineAndCancellationReachThePlugin() throws Exception {
    Plugin plugin = new Plugin();
    try (CriFixture f = new CriFixture(true, plugin)) {
      ListenableFuture<ExecSyncResponse> call =
          RuntimeServiceGrpc.newFutureStub(f.channel())
              .withDeadlineAfter(1, TimeUnit.HOURS)
              .execSync(ExecSyncRequest.newBuilder().setContainerId("c1").build());
      Context there = plugin.execCalled.get(20, TimeUnit.SECONDS);
      assertThat(there.getDeadline().timeRemaining(TimeUnit.MINUTES)).isBetween(50L, 60L);
      assertThat(there.isCancelled()).isFalse();

      call.cancel(true);

      await().until(there::isCancelled);
      assertThat(f.settled).isEmpty();
    }
  }

  @Test
  void aContainerdThatCannotBeReachedIsNamedAndNotTheTransportsException() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.unreachable =
          Status.UNAVAILABLE
              .withDescription("io exception")
              .withCause(new ConnectException("Connection refused"));

      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().startContainer(start("c1")))
          .withMessage(
              "UNAVAILABLE: containerd does not answer on /run/c.sock, see that it runs:"
                  + " Connection refused");
      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().runtimeConfig(RuntimeConfigRequest.getDefaultInstance()))
          .withMessageStartingWith("UNAVAILABLE: containerd does not answer on /run/c.sock");
      assertThat(
              f.client().status(StatusRequest.getDefaultInstance()).getStatus().getConditionsList())
          .extracting(RuntimeCondition::getMessage)
          .allSatisfy(
              message ->
                  assertThat(message)
                      .contains("UNAVAILABLE: containerd does not answer on /run/c.sock")
                      .doesNotContain("Status{"));
    }
  }

  @Test
  void whatContainerdItselfCallsUnavailableIsPassedOnAsItIs() {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.unreachable = Status.UNAVAILABLE.withDescription("the pod is not ready");

      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().startContainer(start("c1")))
          .withMessage("UNAVAILABLE: the pod is not ready");
    }
  }

  @Test
  void aPluginThatIsAwayIsToldSo() throws Exception {
    try (CriFixture f = new CriFixture(true, new Plugin())) {
      f.stopContainerd();

      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(
              () ->
                  f.client()
                      .stopContainer(
                          StopContainerRequest.newBuilder().setContainerId("c1").build()))
          .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    }
  }
}
