package io.statebridge.daemon.stream;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;

/** The server's end of a call whose readiness the test decides on. */
public final class FakeCall<T> extends ServerCallStreamObserver<T> {
  public final List<T> sent = new ArrayList<>();
  public final List<Status> ends = new ArrayList<>();
  public boolean ready = true;
  private int room = Integer.MAX_VALUE;
  private boolean cancelled;
  private Runnable onReady = () -> {};
  private Runnable onCancel = () -> {};

  /** There is room for so many messages. */
  public void becomesReadyFor(int messages) {
    ready = true;
    room = messages;
    onReady.run();
  }

  public void cancel() {
    cancelled = true;
    onCancel.run();
  }

  @Override
  public void onNext(T message) {
    sent.add(message);
    room--;
    ready = room > 0;
  }

  @Override
  public void onError(Throwable failure) {
    ends.add(Status.fromThrowable(failure));
  }

  @Override
  public void onCompleted() {
    ends.add(Status.OK);
  }

  @Override
  public boolean isReady() {
    return ready && !cancelled;
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void setOnReadyHandler(Runnable handler) {
    onReady = handler;
  }

  @Override
  public void setOnCancelHandler(Runnable handler) {
    onCancel = handler;
  }

  @Override
  public void setCompression(String compression) {}

  @Override
  public void disableAutoInboundFlowControl() {}

  @Override
  public void request(int count) {}

  @Override
  public void setMessageCompression(boolean enable) {}
}
