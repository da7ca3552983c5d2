package io.statebridge.daemon.rpc;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.Any;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.statebridge.api.Container;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.proto.v1.WatchOutOfRange;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.WatchCursor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One watcher. It writes while its stream is ready and stops when it is not; what it has not
 * written yet waits in the store's log, not here, and a watcher that the log overtakes is told
 * OUT_OF_RANGE. All of it runs on an executor of its own, one step at a time.
 */
final class WatchStream implements OpenCalls.OpenCall {

  private final ContainerStore store;
  private final Filter filter;
  private final ServerCallStreamObserver<WatchContainersResponse> out;
  private final Supplier<SyncStatus> sync;
  private final OpenCalls openCalls;
  private final Executor steps;
  private final Deque<Container> initial = new ArrayDeque<>();
  private long initialRevision;
  private boolean owesSynced;
  private @Nullable WatchCursor cursor;
  private @Nullable ScheduledFuture<?> progressTimer;
  private boolean sentSinceProgress;
  private boolean ended;

  WatchStream(
      ContainerStore store,
      Filter filter,
      ServerCallStreamObserver<WatchContainersResponse> out,
      Supplier<SyncStatus> sync,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.filter = filter;
    this.out = out;
    this.sync = sync;
    this.openCalls = openCalls;
    this.steps = MoreExecutors.newSequentialExecutor(executor);
  }

  /**
   * Begins to write. To be called within the service method, for the handlers must be set there.
   *
   * @param resumeAfter a revision of this epoch, or null to begin with all that exists
   */
  void start(
      @Nullable Long resumeAfter, Duration progressInterval, ScheduledExecutorService timer) {
    out.setOnReadyHandler(this::step);
    out.setOnCancelHandler(() -> steps.execute(this::release));
    openCalls.add(this);
    steps.execute(
        () -> {
          if (!ended) {
            open(resumeAfter);
          }
          // Not for a stream that could not be opened: nobody would ever cancel it.
          if (!ended) {
            progressTimer =
                timer.scheduleAtFixedRate(
                    () -> steps.execute(this::progress),
                    progressInterval.toNanos(),
                    progressInterval.toNanos(),
                    TimeUnit.NANOSECONDS);
          }
        });
    step();
  }

  @Override
  public void end(StatusRuntimeException why) {
    steps.execute(
        () -> {
          if (!ended) {
            release();
            out.onError(why);
          }
        });
  }

  private void step() {
    steps.execute(this::write);
  }

  private void open(@Nullable Long resumeAfter) {
    try {
      if (resumeAfter != null) {
        cursor = store.watch(resumeAfter, this::step);
        return;
      }
      var snapshot = store.snapshot();
      snapshot.containers().stream().filter(filter).forEach(initial::add);
      initialRevision = snapshot.revision();
      owesSynced = true;
      cursor = store.watch(snapshot.revision(), this::step);
    } catch (CompactedException e) {
      outOfRange(e);
    }
  }

  private void write() {
    while (!ended && out.isReady()) {
      if (!initial.isEmpty()) {
        send(WatchContainersResponse.Type.ADDED, initialRevision, initial.remove());
      } else if (owesSynced) {
        owesSynced = false;
        send(mark(WatchContainersResponse.Type.SYNCED, initialRevision));
      } else if (!writeNextChange()) {
        return;
      }
    }
  }

  private boolean writeNextChange() {
    if (cursor == null) {
      return false;
    }
    try {
      Optional<Change> next = cursor.next();
      next.ifPresent(this::send);
      return next.isPresent();
    } catch (CompactedException e) {
      outOfRange(e);
      return false;
    }
  }

  /** A filter is crossed as in Kubernetes: entering it is ADDED, leaving it is DELETED. */
  private void send(Change change) {
    Container before = change.before();
    Container after = change.after();
    boolean was = before != null && filter.test(before);
    boolean is = after != null && filter.test(after);
    if (is && after != null) {
      send(
          was ? WatchContainersResponse.Type.MODIFIED : WatchContainersResponse.Type.ADDED,
          change.revision(),
          after);
    } else if (was && before != null) {
      send(WatchContainersResponse.Type.DELETED, change.revision(), after == null ? before : after);
    }
  }

  private void send(WatchContainersResponse.Type type, long revision, Container container) {
    send(
        WatchContainersResponse.newBuilder()
            .setType(type)
            .setEpoch(store.epoch())
            .setRevision(revision)
            .setContainer(Protos.container(container))
            .build());
  }

  private void send(WatchContainersResponse message) {
    sentSinceProgress = true;
    out.onNext(message);
  }

  private void progress() {
    if (ended || cursor == null) {
      return;
    }
    boolean silent = !sentSinceProgress;
    sentSinceProgress = false;
    if (silent && out.isReady() && initial.isEmpty() && !owesSynced) {
      out.onNext(mark(WatchContainersResponse.Type.PROGRESS, cursor.position()));
    }
  }

  private WatchContainersResponse mark(WatchContainersResponse.Type type, long revision) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch(store.epoch())
        .setRevision(revision)
        .setSync(Protos.sync(sync.get(), Instant.now()))
        .build();
  }

  private void outOfRange(CompactedException e) {
    release();
    out.onError(
        outOfRange(
            e.getMessage() + "; list again and watch from there",
            store.epoch(),
            e.compactRevision(),
            e.currentRevision()));
  }

  static StatusRuntimeException outOfRange(
      @Nullable String message, String epoch, long compactRevision, long currentRevision) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(com.google.rpc.Code.OUT_OF_RANGE_VALUE)
            .setMessage(String.valueOf(message))
            .addDetails(
                Any.pack(
                    WatchOutOfRange.newBuilder()
                        .setEpoch(epoch)
                        .setCompactRevision(compactRevision)
                        .setCurrentRevision(currentRevision)
                        .build()))
            .build());
  }

  private void release() {
    ended = true;
    openCalls.remove(this);
    initial.clear();
    if (cursor != null) {
      cursor.close();
    }
    if (progressTimer != null) {
      progressTimer.cancel(false);
    }
  }
}
