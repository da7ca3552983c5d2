package io.statebridge.daemon.rpc;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.GetContainerResponse;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import io.statebridge.store.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The methods of statebridge.v1. None of them asks the runtime. */
final class StatebridgeService extends StatebridgeGrpc.StatebridgeImplBase {

  static final Duration DEFAULT_PROGRESS_INTERVAL = Duration.ofSeconds(10);
  static final Duration MIN_PROGRESS_INTERVAL = Duration.ofMillis(100);
  static final Duration MAX_PROGRESS_INTERVAL = Duration.ofHours(1);
  private static final int MAX_NANOS = 999_999_999;

  private final ContainerStore store;
  private final Knowledge knowledge;
  private final ContainerLookup lookup;
  private final BridgeStatus status;
  private final Supplier<SyncStatus> sync;
  private final OpenCalls openCalls;
  private final Executor executor;
  private final ScheduledExecutorService timer;

  StatebridgeService(
      ContainerStore store,
      BridgeStatus status,
      Supplier<SyncStatus> sync,
      OpenCalls openCalls,
      Executor executor,
      ScheduledExecutorService timer) {
    this.store = store;
    this.knowledge = new Knowledge(store, sync);
    this.lookup = new ContainerLookup(store, knowledge);
    this.status = status;
    this.sync = sync;
    this.openCalls = openCalls;
    this.executor = executor;
    this.timer = timer;
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<GetContainerResponse> out) {
    answer(
        out,
        () -> {
          knowledge.checkInSync(request.getRequireSync());
          Entry found =
              lookup.find(request.getNamespace(), request.getId(), request.getMatchPrefix());
          return GetContainerResponse.newBuilder()
              .setContainer(Protos.container(found))
              .setEpoch(store.epoch())
              .build();
        });
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> out) {
    answer(
        out,
        () -> {
          Filter filter = Filter.of(request.getFilter());
          knowledge.checkInSync(request.getRequireSync());
          Snapshot snapshot =
              request.getIncludeRemoved() ? store.snapshotWithRemoved() : store.snapshot();
          ListContainersResponse.Builder response =
              ListContainersResponse.newBuilder()
                  .setEpoch(snapshot.epoch())
                  .setRevision(snapshot.revision())
                  .setSync(Protos.sync(sync.get(), store.isComplete(), Instant.now()));
          snapshot.entries().stream()
              .filter(knowledge::has)
              .filter(filter)
              .forEach(entry -> response.addContainers(Protos.container(entry)));
          return response.build();
        });
  }

  @Override
  public void watchContainers(
      WatchContainersRequest request, StreamObserver<WatchContainersResponse> out) {
    try {
      Filter filter = Filter.of(request.getFilter());
      Duration interval = progressInterval(request);
      OptionalLong resumeAfter =
          request.hasResume() ? resumeAfter(request.getResume()) : OptionalLong.empty();
      new WatchStream(store, filter, out, sync, resumeAfter, interval, timer, openCalls, executor)
          .start();
    } catch (StatusRuntimeException e) {
      out.onError(e);
    }
  }

  private static Duration progressInterval(WatchContainersRequest request) {
    if (!request.hasProgressInterval()) {
      return DEFAULT_PROGRESS_INTERVAL;
    }
    com.google.protobuf.Duration asked = request.getProgressInterval();
    if (asked.getNanos() < 0 || asked.getNanos() > MAX_NANOS) {
      throw Fields.invalid("progress_interval", "must have from 0 to 999999999 nanos");
    }
    // Clamped, so that the sum below cannot overflow; far out of range is out of range all the
    // same.
    long seconds = Math.clamp(asked.getSeconds(), -1, MAX_PROGRESS_INTERVAL.toSeconds() + 1);
    Duration interval = Duration.ofSeconds(seconds, asked.getNanos());
    if (interval.compareTo(MIN_PROGRESS_INTERVAL) < 0
        || interval.compareTo(MAX_PROGRESS_INTERVAL) > 0) {
      throw Fields.invalid("progress_interval", "must be from 0.1 s to 1 h");
    }
    return interval;
  }

  private OptionalLong resumeAfter(WatchContainersRequest.Resume resume) {
    if (resume.getEpoch().isEmpty()) {
      throw Fields.invalid("resume.epoch", "is required");
    }
    Fields.checkName("resume.epoch", resume.getEpoch());
    if (resume.getRevision() < 0) {
      throw Fields.invalid("resume.revision", "is too large");
    }
    if (!resume.getEpoch().equals(store.epoch())) {
      throw WatchStream.outOfRange(
          "epoch "
              + resume.getEpoch()
              + " is over, this is epoch "
              + store.epoch()
              + "; list again and watch from there",
          store.epoch(),
          store.compactRevision(),
          store.revision());
    }
    return OptionalLong.of(resume.getRevision());
  }

  @Override
  public void waitContainer(
      WaitContainerRequest request, StreamObserver<WaitContainerResponse> out) {
    try {
      Predicate<ContainerRecord> until =
          switch (request.getUntil()) {
            case RECORDED -> c -> c.exit() != null;
            case OBSERVED -> c -> c.knownExit() != null;
            case UNRECOGNIZED ->
                throw Fields.invalid(
                    "until", "must be RECORDED or OBSERVED, not " + request.getUntilValue());
          };
      Entry found = lookup.find(request.getNamespace(), request.getId(), request.getMatchPrefix());
      new WaitCall(
              store,
              found,
              until,
              (ServerCallStreamObserver<WaitContainerResponse>) out,
              openCalls,
              executor)
          .start();
    } catch (StatusRuntimeException e) {
      out.onError(e);
    }
  }

  @Override
  public void getBridgeStatus(
      GetBridgeStatusRequest request, StreamObserver<GetBridgeStatusResponse> out) {
    answer(out, status::read);
  }

  private static <T> void answer(StreamObserver<T> out, Supplier<T> response) {
    @Nullable T message;
    try {
      message = response.get();
    } catch (StatusRuntimeException e) {
      out.onError(e);
      return;
    }
    out.onNext(message);
    out.onCompleted();
  }
}
