package io.statebridge.daemon.cri;

import com.google.common.collect.Lists;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerId;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.stream.StoreStream;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerStatsRequest;
import io.statebridge.proto.cri.v1.ContainerStatsResponse;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerStatusResponse;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.ListContainerStatsRequest;
import io.statebridge.proto.cri.v1.ListContainerStatsResponse;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListContainersResponse;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxResponse;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsResponse;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxFilter;
import io.statebridge.proto.cri.v1.PodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatsResponse;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatusResponse;
import io.statebridge.proto.cri.v1.RuntimeConfigRequest;
import io.statebridge.proto.cri.v1.RuntimeConfigResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import io.statebridge.proto.cri.v1.StreamContainerStatsRequest;
import io.statebridge.proto.cri.v1.StreamContainerStatsResponse;
import io.statebridge.proto.cri.v1.StreamContainersRequest;
import io.statebridge.proto.cri.v1.StreamContainersResponse;
import io.statebridge.proto.cri.v1.StreamPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.StreamPodSandboxStatsResponse;
import io.statebridge.proto.cri.v1.StreamPodSandboxesRequest;
import io.statebridge.proto.cri.v1.StreamPodSandboxesResponse;
import io.statebridge.proto.cri.v1.VersionRequest;
import io.statebridge.proto.cri.v1.VersionResponse;
import io.statebridge.store.ContainerStore;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The methods of the CRI's RuntimeService that read, answered from the store. The runtime is asked
 * for what no record holds: its own status, and what a verbose answer tells besides. Thread-safe.
 */
final class CriRuntimeService extends RuntimeServiceGrpc.RuntimeServiceImplBase {

  /** The version of the CRI, and the one that clients send and expect of old. */
  private static final String API_VERSION = "v1";

  private static final String KUBE_API_VERSION = "0.1.0";

  /** As many containers as a message of a stream carries. */
  private static final int STREAM_CHUNK = 500;

  private final ContainerStore store;
  private final CriRecords records;
  private final Supplier<SyncStatus> sync;
  private final CriConditions conditions;
  private final Function<
          ContainerId, CompletionStage<io.statebridge.proto.containerd.containers.v1.Container>>
      describe;
  private final CriStats stats;
  private final OpenCalls openCalls;
  private final Executor executor;

  /**
   * @param describe what containerd keeps of a container; asked for a verbose status only
   * @param executor for the streams of events
   */
  CriRuntimeService(
      ContainerStore store,
      CriRecords records,
      Supplier<SyncStatus> sync,
      CriConditions conditions,
      Function<
              ContainerId, CompletionStage<io.statebridge.proto.containerd.containers.v1.Container>>
          describe,
      CriStats stats,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.records = records;
    this.sync = sync;
    this.conditions = conditions;
    this.describe = describe;
    this.stats = stats;
    this.openCalls = openCalls;
    this.executor = executor;
  }

  @Override
  public void version(VersionRequest request, StreamObserver<VersionResponse> out) {
    String known = sync.get().runtimeVersion();
    Answers.one(
        out,
        () ->
            VersionResponse.newBuilder()
                .setVersion(KUBE_API_VERSION)
                .setRuntimeName("containerd")
                // Clients want some text here also before containerd has told it.
                .setRuntimeVersion(known.isEmpty() ? "unknown" : known)
                .setRuntimeApiVersion(API_VERSION)
                .build());
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
    Answers.one(out, () -> conditions.status(request));
  }

  @Override
  public void runtimeConfig(
      RuntimeConfigRequest request, StreamObserver<RuntimeConfigResponse> out) {
    Answers.one(out, conditions::runtimeConfig);
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> out) {
    Answers.one(
        out,
        () ->
            ListContainersResponse.newBuilder()
                .addAllContainers(containers(request.getFilter()))
                .build());
  }

  @Override
  public void streamContainers(
      StreamContainersRequest request, StreamObserver<StreamContainersResponse> out) {
    stream(
        out,
        () -> containers(request.getFilter()),
        chunk -> StreamContainersResponse.newBuilder().addAllContainers(chunk).build());
  }

  private List<Container> containers(ContainerFilter filter) {
    return records
        .containers(filter.getId(), filter.getPodSandboxId(), filter.getLabelSelectorMap())
        .stream()
        .map(CriView::container)
        .filter(c -> !filter.hasState() || c.getState() == filter.getState().getState())
        .toList();
  }

  @Override
  public void containerStatus(
      ContainerStatusRequest request, StreamObserver<ContainerStatusResponse> out) {
    Answers.one(
        out,
        () -> {
          CriView view = records.container(request.getContainerId());
          ContainerStatusResponse.Builder status =
              ContainerStatusResponse.newBuilder().setStatus(view.containerStatus());
          if (request.getVerbose()) {
            status.putAllInfo(CriDetails.ofContainer(view, described(view), store.epoch()));
          }
          return status.build();
        });
  }

  /** What containerd keeps of it, or null when it does not tell. */
  private io.statebridge.proto.containerd.containers.v1.@Nullable Container described(
      CriView view) {
    if (!sync.get().inSync()) {
      return null;
    }
    try {
      return describe.apply(view.record().id()).toCompletableFuture().join();
    } catch (CompletionException e) {
      return null;
    }
  }

  @Override
  public void listPodSandbox(
      ListPodSandboxRequest request, StreamObserver<ListPodSandboxResponse> out) {
    Answers.one(
        out,
        () ->
            ListPodSandboxResponse.newBuilder()
                .addAllItems(sandboxes(request.getFilter()))
                .build());
  }

  @Override
  public void streamPodSandboxes(
      StreamPodSandboxesRequest request, StreamObserver<StreamPodSandboxesResponse> out) {
    stream(
        out,
        () -> sandboxes(request.getFilter()),
        chunk -> StreamPodSandboxesResponse.newBuilder().addAllPodSandboxes(chunk).build());
  }

  private List<PodSandbox> sandboxes(PodSandboxFilter filter) {
    return records.sandboxes(filter.getId(), filter.getLabelSelectorMap()).stream()
        .map(CriView::sandbox)
        .filter(s -> !filter.hasState() || s.getState() == filter.getState().getState())
        .toList();
  }

  @Override
  public void podSandboxStatus(
      PodSandboxStatusRequest request, StreamObserver<PodSandboxStatusResponse> out) {
    Answers.one(
        out,
        () -> {
          CriView view = records.sandbox(request.getPodSandboxId());
          PodSandboxStatusResponse.Builder status =
              PodSandboxStatusResponse.newBuilder().setStatus(view.sandboxStatus());
          if (request.getVerbose()) {
            status.putAllInfo(CriDetails.ofSandbox(view, described(view), store.epoch()));
          }
          return status.build();
        });
  }

  @Override
  public void getContainerEvents(
      GetEventsRequest request, StreamObserver<ContainerEventResponse> out) {
    new StoreStream<>(store, new CriEvents(records), out, openCalls, executor).start();
  }

  @Override
  public void containerStats(
      ContainerStatsRequest request, StreamObserver<ContainerStatsResponse> out) {
    Answers.one(
        out,
        () ->
            ContainerStatsResponse.newBuilder()
                .setStats(stats.container(request.getContainerId()))
                .build());
  }

  @Override
  public void listContainerStats(
      ListContainerStatsRequest request, StreamObserver<ListContainerStatsResponse> out) {
    Answers.one(
        out,
        () ->
            ListContainerStatsResponse.newBuilder()
                .addAllStats(stats.containers(request.getFilter()))
                .build());
  }

  @Override
  public void streamContainerStats(
      StreamContainerStatsRequest request, StreamObserver<StreamContainerStatsResponse> out) {
    stream(
        out,
        () -> stats.containers(request.getFilter()),
        chunk -> StreamContainerStatsResponse.newBuilder().addAllContainerStats(chunk).build());
  }

  @Override
  public void podSandboxStats(
      PodSandboxStatsRequest request, StreamObserver<PodSandboxStatsResponse> out) {
    Answers.one(
        out,
        () ->
            PodSandboxStatsResponse.newBuilder()
                .setStats(stats.pod(request.getPodSandboxId()))
                .build());
  }

  @Override
  public void listPodSandboxStats(
      ListPodSandboxStatsRequest request, StreamObserver<ListPodSandboxStatsResponse> out) {
    Answers.one(
        out,
        () ->
            ListPodSandboxStatsResponse.newBuilder()
                .addAllStats(stats.pods(request.getFilter()))
                .build());
  }

  @Override
  public void streamPodSandboxStats(
      StreamPodSandboxStatsRequest request, StreamObserver<StreamPodSandboxStatsResponse> out) {
    stream(
        out,
        () -> stats.pods(request.getFilter()),
        chunk -> StreamPodSandboxStatsResponse.newBuilder().addAllPodSandboxStats(chunk).build());
  }

  private static <T, R> void stream(
      StreamObserver<R> out, Supplier<List<T>> all, Function<List<T>, R> message) {
    Answers.all(out, () -> Lists.partition(all.get(), STREAM_CHUNK).stream().map(message).toList());
  }
}
