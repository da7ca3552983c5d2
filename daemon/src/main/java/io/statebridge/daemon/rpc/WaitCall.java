package io.statebridge.daemon.rpc;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import io.statebridge.store.Following;
import io.statebridge.store.WatchCursor;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One WaitContainer call: it follows its container until that has ended. Another one that has the
 * id by then is not the one that was asked about. Steps run one at a time.
 */
final class WaitCall implements OpenCalls.OpenCall {

  private final ContainerStore store;
  private final Entry found;
  private final ContainerId id;
  private final Predicate<ContainerRecord> until;
  private final ServerCallStreamObserver<WaitContainerResponse> out;
  private final OpenCalls openCalls;
  private final Executor steps;
  private @Nullable WatchCursor cursor;
  private boolean ended;

  /**
   * @param found the container's record as its id was looked up
   */
  WaitCall(
      ContainerStore store,
      Entry found,
      Predicate<ContainerRecord> until,
      ServerCallStreamObserver<WaitContainerResponse> out,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.found = found;
    this.id = found.id();
    this.until = until;
    this.out = out;
    this.openCalls = openCalls;
    this.steps = MoreExecutors.newSequentialExecutor(executor);
  }

  /** To be called within the service method. */
  void start() {
    out.setOnCancelHandler(() -> steps.execute(this::release));
    openCalls.add(this);
    steps.execute(this::begin);
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

  private void begin() {
    if (ended) {
      return;
    }
    if (until.test(found.record())) {
      answer(found);
      return;
    }
    Following following = store.follow(Set.of(id), () -> steps.execute(this::follow));
    cursor = following.cursor();
    see(following.snapshot().entries().stream().findFirst().orElse(null));
    follow();
  }

  private void follow() {
    try {
      while (!ended && cursor != null) {
        Optional<Change> next = cursor.next();
        if (next.isEmpty()) {
          return;
        }
        see(next.get().after());
      }
    } catch (CompactedException e) {
      // So much was committed since it was woken: from the container as it is now.
      if (cursor != null) {
        cursor.close();
      }
      steps.execute(this::begin);
    }
  }

  private void see(@Nullable Entry entry) {
    if (entry == null || isAnother(entry.record())) {
      removed();
    } else if (until.test(entry.record())) {
      answer(entry);
    }
  }

  private boolean isAnother(ContainerRecord record) {
    Instant asked = found.record().info().createdAt();
    Instant created = record.info().createdAt();
    return asked != null && created != null && !asked.equals(created);
  }

  private void answer(Entry entry) {
    release();
    out.onNext(
        WaitContainerResponse.newBuilder()
            .setContainer(Protos.container(entry))
            .setEpoch(store.epoch())
            .build());
    out.onCompleted();
  }

  private void removed() {
    release();
    out.onError(
        Status.NOT_FOUND
            .withDescription("container '" + id.id() + "' was removed before it ran to an end")
            .asRuntimeException());
  }

  private void release() {
    ended = true;
    openCalls.remove(this);
    if (cursor != null) {
      cursor.close();
    }
  }
}
