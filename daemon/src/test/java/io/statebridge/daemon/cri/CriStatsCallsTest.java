package io.statebridge.daemon.cri;

import static io.statebridge.daemon.cri.CriSamples.container;
import static io.statebridge.daemon.cri.CriSamples.foreign;
import static io.statebridge.daemon.cri.CriSamples.id;
import static io.statebridge.daemon.cri.CriSamples.running;
import static io.statebridge.daemon.cri.CriSamples.sandbox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.base.Ticker;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.cri.v1.ContainerStatsFilter;
import io.statebridge.proto.cri.v1.ContainerStatsRequest;
import io.statebridge.proto.cri.v1.ContainerStatsResponse;
import io.statebridge.proto.cri.v1.ListContainerStatsRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatsFilter;
import io.statebridge.proto.cri.v1.PodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.StreamContainerStatsRequest;
import io.statebridge.proto.cri.v1.StreamContainerStatsResponse;
import io.statebridge.proto.cri.v1.StreamPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.StreamPodSandboxStatsResponse;
import io.statebridge.store.ContainerStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.mockito.InOrder;
import org.mockito.Mockito;

/** The calls of the service, and what of their requests they look at. */
final class CriStatsCallsTest {
  private final ContainerStore store = new ContainerStore("e1", 10_000);

  {
    store.complete();
  }

  private final FakeUsage runtime = new FakeUsage();
  private final CriRecords records =
      new CriRecords(store, Set.of("k8s.io"), ref -> Optional.empty());
  private final CriRuntimeService service =
      new CriRuntimeService(
          store,
          records,
          () -> Mockito.mock(SyncStatus.class),
          Mockito.mock(CriConditions.class),
          id -> CompletableFuture.failedStage(new AssertionError("nobody asks")),
          new CriStats(records, runtime, Ticker.systemTicker()),
          new OpenCalls(),
          Runnable::run);

  private void runPod(String pod, String container) {
    store.create(running(sandbox(pod)));
    store.create(running(container(container, pod)));
    for (String id : List.of(pod, container)) {
      runtime.tasks.put(
          id(id),
          CompletableFuture.completedFuture(new TaskUsage(Instant.EPOCH, null, null, null, 1)));
    }
  }

  /** All messages of a call, once it is complete; fails as the call does. */
  private static <Q, R> List<R> call(BiConsumer<Q, StreamObserver<R>> method, Q request) {
    CompletableFuture<List<R>> done = new CompletableFuture<>();
    List<R> messages = new ArrayList<>();
    method.accept(
        request,
        new StreamObserver<>() {
          @Override
          public void onNext(R message) {
            messages.add(message);
          }

          @Override
          public void onError(Throwable failure) {
            done.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            done.complete(messages);
          }
        });
    return done.join();
  }

  @Test
  void eachCallTellsWhatItsRequestAsksFor() {
    runPod("pod1", "web");
    runPod("pod2", "db");
    ContainerStatsFilter containers = ContainerStatsFilter.newBuilder().setId("db").build();
    PodSandboxStatsFilter pods = PodSandboxStatsFilter.newBuilder().setId("pod2").build();

    assertThat(
            call(
                service::containerStats,
                ContainerStatsRequest.newBuilder().setContainerId("db").build()))
        .singleElement()
        .extracting(r -> r.getStats().getAttributes().getId())
        .isEqualTo("db");
    assertThat(
            call(
                service::listContainerStats,
                ListContainerStatsRequest.newBuilder().setFilter(containers).build()))
        .flatExtracting(r -> r.getStatsList())
        .extracting(each -> each.getAttributes().getId())
        .containsExactly("db");
    assertThat(
            call(
                service::streamContainerStats,
                StreamContainerStatsRequest.newBuilder().setFilter(containers).build()))
        .flatExtracting(StreamContainerStatsResponse::getContainerStatsList)
        .extracting(each -> each.getAttributes().getId())
        .containsExactly("db");
    assertThat(
            call(
                service::podSandboxStats,
                PodSandboxStatsRequest.newBuilder().setPodSandboxId("pod2").build()))
        .singleElement()
        .extracting(r -> r.getStats().getAttributes().getId())
        .isEqualTo("pod2");
    assertThat(
            call(
                service::listPodSandboxStats,
                ListPodSandboxStatsRequest.newBuilder().setFilter(pods).build()))
        .flatExtracting(r -> r.getStatsList())
        .extracting(each -> each.getAttributes().getId())
        .containsExactly("pod2");
    assertThat(
            call(
                service::streamPodSandboxStats,
                StreamPodSandboxStatsRequest.newBuilder().setFilter(pods).build()))
        .flatExtracting(StreamPodSandboxStatsResponse::getPodSandboxStatsList)
        .extracting(each -> each.getAttributes().getId())
        .containsExactly("pod2");
  }

  @Test
  void aStreamComesInPartsAndEmptyWhenThereIsNothing() {
    assertThat(
            call(service::streamContainerStats, StreamContainerStatsRequest.getDefaultInstance()))
        .isEmpty();
    for (int i = 0; i < 501; i++) {
      store.create(foreign("c" + i));
    }

    assertThat(
            call(service::streamContainerStats, StreamContainerStatsRequest.getDefaultInstance()))
        .extracting(StreamContainerStatsResponse::getContainerStatsCount)
        .containsExactly(500, 1);
  }

  @Test
  void aRuntimeThatIsAwayEndsAStreamWithASentence() {
    runPod("pod1", "web");
    runtime.tasks.put(
        id("web"), CompletableFuture.failedFuture(FakeUsage.failure(Kind.UNREACHABLE)));

    assertThatThrownBy(
            () ->
                call(
                    service::streamPodSandboxStats,
                    StreamPodSandboxStatsRequest.getDefaultInstance()))
        .satisfies(
            e -> assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .hasMessageContaining("containerd is away");
  }

  /** Without a handler, gRPC throws at whoever answers a call that was cancelled. */
  @Test
  void aClientThatHasLeftIsNoTrouble() {
    runPod("pod1", "web");
    @SuppressWarnings("unchecked")
    ServerCallStreamObserver<ContainerStatsResponse> out =
        Mockito.mock(ServerCallStreamObserver.class);

    service.containerStats(ContainerStatsRequest.newBuilder().setContainerId("web").build(), out);

    InOrder order = Mockito.inOrder(out);
    order.verify(out).setOnCancelHandler(Mockito.any());
    order.verify(out).onNext(Mockito.any());
    order.verify(out).onCompleted();
  }
}
