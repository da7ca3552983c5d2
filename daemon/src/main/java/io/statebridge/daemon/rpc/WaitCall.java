package io.statebridge.daemon.rpc;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.WatchCursor;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One WaitContainer call: a cursor that follows the log until its container has ended. Steps run
 * one at a time.
 */
final class WaitCall implements OpenCalls.OpenCall {

  private final ContainerStore store;
  private final ContainerId id;
  private final Predicate<Container> until;
  private final ServerCallStreamObserver<WaitContainerResponse> out;
  private final OpenCalls openCalls;
  private final Executor steps;
  private @Nullable WatchCursor cursor;
  private boolean ended;

  WaitCall(
      ContainerStore store,
      ContainerId id,
      Predicate<Container> until,
      ServerCallStreamObserver<WaitContainerResponse> out,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.id = id;
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
    try {
      while (!ended) {
        long revision = store.snapshot().revision();
        Container container = store.getOrRemoved(id).orElse(null);
        if (container == null) {
          removed();
        } else if (until.test(container)) {
          answer(container);
        } else {
          cursor = store.watch(revision, () -> steps.execute(this::follow));
          follow();
          return;
        }
      }
    } catch (CompactedException e) {
      // The log went by between the two calls: look again.
      steps.execute(this::begin);
    }
  }

  private void follow() {
    try {
      while (!ended && cursor != null) {
        Optional<Change> next = cursor.next();
        if (next.isEmpty()) {
          return;
        }
        if (next.get().id().equals(id)) {
          see(next.get().after());
        }
      }
    } catch (CompactedException e) {
      if (cursor != null) {
        cursor.close();
      }
      steps.execute(this::begin);
    }
  }

  private void see(@Nullable Container container) {
    if (container == null) {
      removed();
    } else if (until.test(container)) {
      answer(container);
    }
  }

  private void answer(Container container) {
    release();
    out.onNext(
        WaitContainerResponse.newBuilder()
            .setContainer(Protos.container(container))
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
