package io.statebridge.daemon.containerd;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.statebridge.api.ContainerRuntime.EventListener;
import io.statebridge.api.ContainerRuntime.EventStream;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;
import org.jspecify.annotations.Nullable;

/**
 * One Subscribe call. Up to {@link #PREFETCH} events are under way to the listener; each that it
 * has dealt with lets the next one come, so that what waits inside this process is bounded.
 */
final class GrpcEventStream
    implements ClientResponseObserver<SubscribeRequest, Envelope>, EventStream {

  static final int PREFETCH = 64;

  private final EventDecoder decoder;
  private final EventListener listener;
  private volatile @Nullable ClientCallStreamObserver<SubscribeRequest> call;
  private volatile boolean closed;

  GrpcEventStream(EventDecoder decoder, EventListener listener) {
    this.decoder = decoder;
    this.listener = listener;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<SubscribeRequest> requests) {
    requests.disableAutoRequestWithInitial(PREFETCH);
    call = requests;
  }

  @Override
  public void onNext(Envelope envelope) {
    if (!closed) {
      listener.next(decoder.decode(envelope));
    }
  }

  @Override
  public void onError(Throwable failure) {
    if (!closed) {
      listener.ended(RuntimeFailures.of("Events/Subscribe", failure));
    }
  }

  @Override
  public void onCompleted() {
    if (!closed) {
      listener.ended(
          new RuntimeFailure(
              RuntimeFailure.Kind.TRANSIENT, "Events/Subscribe: containerd ended the stream"));
    }
  }

  @Override
  public void processed() {
    ClientCallStreamObserver<SubscribeRequest> requests = call;
    if (requests != null && !closed) {
      requests.request(1);
    }
  }

  @Override
  public void close() {
    closed = true;
    ClientCallStreamObserver<SubscribeRequest> requests = call;
    if (requests != null) {
      requests.cancel("closed by us", Status.CANCELLED.asException());
    }
  }
}
