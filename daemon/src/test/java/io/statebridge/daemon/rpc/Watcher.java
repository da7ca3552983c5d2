package io.statebridge.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.proto.v1.WatchOutOfRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client's end of one WatchContainers call. */
final class Watcher
    implements ClientResponseObserver<WatchContainersRequest, WatchContainersResponse> {
  private static final long PATIENCE_SECONDS = 10;

  private final int wanted;
  private final BlockingQueue<WatchContainersResponse> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private @Nullable ClientCallStreamObserver<WatchContainersRequest> call;

  private Watcher(int wanted) {
    this.wanted = wanted;
  }

  static Watcher open(Channel channel, WatchContainersRequest request) {
    return open(channel, request, Integer.MAX_VALUE);
  }

  /** A watcher that reads so many messages and then, until it is told to, no more. */
  static Watcher open(Channel channel, WatchContainersRequest request, int wanted) {
    Watcher watcher = new Watcher(wanted);
    StatebridgeGrpc.newStub(channel).watchContainers(request, watcher);
    return watcher;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<WatchContainersRequest> requests) {
    requests.disableAutoRequestWithInitial(wanted);
    call = requests;
  }

  @Override
  public void onNext(WatchContainersResponse message) {
    received.add(message);
  }

  @Override
  public void onError(Throwable why) {
    failure.complete(why);
  }

  @Override
  public void onCompleted() {
    failure.complete(Status.OK.asException());
  }

  void read(int more) {
    Objects.requireNonNull(call).request(more);
  }

  void cancel() {
    Objects.requireNonNull(call).cancel("enough", null);
  }

  /** The next message, once it is here. */
  WatchContainersResponse next() throws InterruptedException {
    WatchContainersResponse next = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(next).as("another message").isNotNull();
    return Objects.requireNonNull(next);
  }

  List<WatchContainersResponse> next(int count) throws InterruptedException {
    List<WatchContainersResponse> messages = new ArrayList<>();
    while (messages.size() < count) {
      messages.add(next());
    }
    return messages;
  }

  /** What has come and was not taken. */
  List<WatchContainersResponse> rest() {
    List<WatchContainersResponse> messages = new ArrayList<>();
    received.drainTo(messages);
    return messages;
  }

  boolean hasEnded() {
    return failure.isDone();
  }

  Status end() throws Exception {
    return Status.fromThrowable(failure.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
  }

  /** The details of an OUT_OF_RANGE. */
  WatchOutOfRange outOfRange() throws Exception {
    assertThat(end().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
    var status = Objects.requireNonNull(StatusProto.fromThrowable(failure.get()));
    assertThat(status.getDetailsList()).hasSize(1);
    return status.getDetails(0).unpack(WatchOutOfRange.class);
  }
}
