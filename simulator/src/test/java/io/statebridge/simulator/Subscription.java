package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What one Subscribe call brought. */
final class Subscription implements ClientResponseObserver<SubscribeRequest, Envelope> {
  private static final long PATIENCE_SECONDS = 10;

  private final BlockingQueue<Envelope> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> end = new CompletableFuture<>();
  private @Nullable ClientCallStreamObserver<SubscribeRequest> call;

  @Override
  public void beforeStart(ClientCallStreamObserver<SubscribeRequest> requests) {
    call = requests;
  }

  @Override
  public void onNext(Envelope envelope) {
    received.add(envelope);
  }

  @Override
  public void onError(Throwable failure) {
    end.complete(Status.fromThrowable(failure));
  }

  @Override
  public void onCompleted() {
    end.complete(Status.OK);
  }

  void cancel() {
    if (call != null) {
      call.cancel("enough", null);
    }
  }

  /** The next event, once it is here. */
  Envelope next() throws InterruptedException {
    Envelope next = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(next).as("another event").isNotNull();
    return Objects.requireNonNull(next);
  }

  /** The topics of all events up to one that was published last of all. */
  List<String> topicsUntil(String last) throws InterruptedException {
    List<String> topics = new ArrayList<>();
    do {
      topics.add(next().getTopic());
    } while (!topics.getLast().equals(last));
    return topics;
  }

  boolean isOpen() {
    return !end.isDone();
  }

  Status end() throws Exception {
    return end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }
}
