package io.statebridge.daemon.rpc;

import com.google.protobuf.Any;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.stream.StoreStream;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.proto.v1.WatchOutOfRange;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import io.statebridge.store.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What one watcher is told: what is there, then each change, and marks while there is none. */
final class WatchStream implements StoreStream.Source<WatchContainersResponse> {

  /**
   * Of the initial ADDED: whoever resumed after one of them would miss those that were still to
   * come.
   */
  private static final long NO_RESUME_POINT = 0;

  private final ContainerStore store;
  private final Filter filter;
  private final Supplier<SyncStatus> sync;
  private final OptionalLong resumeAfter;
  private final Duration progressInterval;
  private final ScheduledExecutorService timer;
  private final StoreStream<WatchContainersResponse> stream;
  private @Nullable ScheduledFuture<?> progressTimer;

  /**
   * @param resumeAfter a revision of this epoch; empty to begin with all that exists
   * @param executor for the stream's steps
   */
  WatchStream(
      ContainerStore store,
      Filter filter,
      StreamObserver<WatchContainersResponse> out,
      Supplier<SyncStatus> sync,
      OptionalLong resumeAfter,
      Duration progressInterval,
      ScheduledExecutorService timer,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.filter = filter;
    this.sync = sync;
    this.resumeAfter = resumeAfter;
    this.progressInterval = progressInterval;
    this.timer = timer;
    this.stream = new StoreStream<>(store, this, out, openCalls, executor);
  }

  /** Begins to write. To be called within the service method. */
  void start() {
    stream.start();
  }

  @Override
  public void opened() {
    progressTimer =
        timer.scheduleAtFixedRate(
            () ->
                stream.writeIfSilent(
                    revision -> mark(WatchContainersResponse.Type.PROGRESS, revision)),
            progressInterval.toNanos(),
            progressInterval.toNanos(),
            TimeUnit.NANOSECONDS);
  }

  @Override
  public OptionalLong resumesAfter() {
    return resumeAfter;
  }

  @Override
  public Iterator<WatchContainersResponse> begin(Snapshot snapshot) {
    long revision = snapshot.revision();
    Stream<WatchContainersResponse> all =
        snapshot.entries().stream()
            .filter(filter)
            .map(entry -> message(WatchContainersResponse.Type.ADDED, NO_RESUME_POINT, entry));
    Stream<WatchContainersResponse> synced =
        Stream.of(WatchContainersResponse.Type.SYNCED).map(type -> mark(type, revision));
    return Stream.concat(all, synced).iterator();
  }

  /** A filter is crossed as in Kubernetes: entering it is ADDED, leaving it is DELETED. */
  @Override
  public List<WatchContainersResponse> tell(Change change) {
    Entry before = change.before();
    Entry after = change.after();
    boolean was = before != null && filter.test(before);
    boolean is = after != null && filter.test(after);
    if (is && after != null) {
      WatchContainersResponse.Type type =
          was ? WatchContainersResponse.Type.MODIFIED : WatchContainersResponse.Type.ADDED;
      return List.of(message(type, change.revision(), after));
    }
    if (was && before != null) {
      Entry last = after == null ? before : after;
      return List.of(message(WatchContainersResponse.Type.DELETED, change.revision(), last));
    }
    return List.of();
  }

  private WatchContainersResponse message(
      WatchContainersResponse.Type type, long revision, Entry entry) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch(store.epoch())
        .setRevision(revision)
        .setContainer(Protos.container(entry))
        .build();
  }

  private WatchContainersResponse mark(WatchContainersResponse.Type type, long revision) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch(store.epoch())
        .setRevision(revision)
        .setSync(Protos.sync(sync.get(), store.isComplete(), Instant.now()))
        .build();
  }

  @Override
  public StatusRuntimeException overtaken(CompactedException why) {
    return outOfRange(
        why.getMessage() + "; list again and watch from there",
        store.epoch(),
        why.compactRevision(),
        why.currentRevision());
  }

  static StatusRuntimeException outOfRange(
      String message, String epoch, long compactRevision, long currentRevision) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(com.google.rpc.Code.OUT_OF_RANGE_VALUE)
            .setMessage(message)
            .addDetails(
                Any.pack(
                    WatchOutOfRange.newBuilder()
                        .setEpoch(epoch)
                        .setCompactRevision(compactRevision)
                        .setCurrentRevision(currentRevision)
                        .build()))
            .build());
  }

  @Override
  public void ended() {
    if (progressTimer != null) {
      progressTimer.cancel(false);
    }
  }
}
