package io.statebridge.daemon.stream;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Following;
import io.statebridge.store.Snapshot;
import io.statebridge.store.WatchCursor;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that follows the store for as long as its client wants to. It writes while its stream is
 * ready and stops when it is not; what it has not written yet waits in the store's log, not here,
 * and a client that the log overtakes is told so. All of it runs on an executor of its own, one
 * step at a time.
 */
public final class StoreStream<T> implements OpenCalls.OpenCall {

  private static final Logger log = LoggerFactory.getLogger(StoreStream.class);

  /** What a stream says. It is called within the stream's steps, so one call at a time. */
  public interface Source<T> {

    /** The stream opens. Called first, and not at all when the call ended before. */
    default void opened() {}

    /** After which revision the stream resumes; empty: it begins with all that there is. */
    default OptionalLong resumesAfter() {
      return OptionalLong.empty();
    }

    /**
     * What is told of all that there is, before any change, made when it is written. Not called for
     * a stream that resumes.
     */
    Iterator<T> begin(Snapshot snapshot);

    /** What a change is told as, in order; nothing is as good. */
    List<T> tell(Change change);

    /** How the client is told that the log went by. */
    StatusRuntimeException overtaken(CompactedException why);

    /** The stream is over. Called last. */
    default void ended() {}
  }

  private final ContainerStore store;
  private final Source<T> source;
  private final ServerCallStreamObserver<T> out;
  private final OpenCalls openCalls;
  private final Executor steps;
  private final Runnable beginLate = this::beginLate;
  private Iterator<T> unwritten = Collections.emptyIterator();
  private @Nullable WatchCursor cursor;
  private boolean silent = true;
  private boolean ended;

  /**
   * @param out of a service method, as gRPC's server makes them
   * @param executor for the steps
   */
  public StoreStream(
      ContainerStore store,
      Source<T> source,
      StreamObserver<T> out,
      OpenCalls openCalls,
      Executor executor) {
    this.store = store;
    this.source = source;
    this.out = (ServerCallStreamObserver<T>) out;
    this.openCalls = openCalls;
    this.steps = MoreExecutors.newSequentialExecutor(executor);
  }

  /**
   * Begins to write. To be called within the service method, for the handlers must be set there.
   */
  public void start() {
    Runnable sendHeaders = EarlyHeaders.ofThisCall();
    out.setOnReadyHandler(this::resume);
    out.setOnCancelHandler(() -> step(this::release));
    openCalls.add(this);
    step(() -> open(sendHeaders));
    resume();
  }

  @Override
  public void end(StatusRuntimeException why) {
    step(() -> fail(why));
  }

  /**
   * Writes a message if none was written since this was last called and none waits.
   *
   * @param message made of the revision that the stream has come to
   */
  public void writeIfSilent(LongFunction<T> message) {
    step(
        () -> {
          boolean wasSilent = silent;
          silent = true;
          if (wasSilent && cursor != null && out.isReady() && !unwritten.hasNext()) {
            out.onNext(message.apply(cursor.position()));
          }
        });
  }

  private void resume() {
    step(this::write);
  }

  private void step(Runnable work) {
    try {
      steps.execute(() -> runStep(work));
    } catch (RejectedExecutionException e) {
      log.debug("the server ends, and with it this stream");
    }
  }

  private void runStep(Runnable work) {
    if (ended) {
      return;
    }
    try {
      work.run();
    } catch (RuntimeException e) {
      log.error("a stream ends: what it was to tell could not be told", e);
      fail(
          Status.INTERNAL
              .withDescription("statebridge failed to tell a change: " + e)
              .asRuntimeException());
    }
  }

  /** Until the store is complete there is nothing that could be told without guessing. */
  private void open(Runnable sendHeaders) {
    source.opened();
    if (store.isComplete()) {
      begin(sendHeaders);
    } else {
      sendHeaders.run();
      store.whenComplete(beginLate);
    }
  }

  private void begin(Runnable sendHeaders) {
    OptionalLong after = source.resumesAfter();
    try {
      if (after.isPresent()) {
        cursor = store.resume(after.getAsLong(), this::resume);
      } else {
        Following following = store.follow(this::resume);
        cursor = following.cursor();
        unwritten = source.begin(following.snapshot());
      }
      sendHeaders.run();
    } catch (CompactedException e) {
      fail(source.overtaken(e));
    }
  }

  private void beginLate() {
    step(() -> begin(() -> {}));
    resume();
  }

  private void write() {
    while (!ended && out.isReady()) {
      if (unwritten.hasNext()) {
        silent = false;
        out.onNext(unwritten.next());
      } else if (!readNextChange()) {
        return;
      }
    }
  }

  private boolean readNextChange() {
    if (cursor == null) {
      return false;
    }
    try {
      Optional<Change> next = cursor.next();
      next.ifPresent(change -> unwritten = source.tell(change).iterator());
      return next.isPresent();
    } catch (CompactedException e) {
      fail(source.overtaken(e));
      return false;
    }
  }

  private void fail(StatusRuntimeException why) {
    release();
    out.onError(why);
  }

  private void release() {
    ended = true;
    store.forget(beginLate);
    openCalls.remove(this);
    unwritten = Collections.emptyIterator();
    if (cursor != null) {
      cursor.close();
    }
    source.ended();
  }
}
