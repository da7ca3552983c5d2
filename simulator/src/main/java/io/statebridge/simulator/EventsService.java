package io.statebridge.simulator;

import com.google.protobuf.Empty;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.events.v1.EventsGrpc;
import io.statebridge.proto.containerd.events.v1.PublishRequest;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;

/** containerd's event service. Nothing is sent before the first event, not even a header. */
final class EventsService extends EventsGrpc.EventsImplBase {

  private final Calls calls;
  private final EventBroker events;

  EventsService(Calls calls, EventBroker events) {
    this.calls = calls;
    this.events = events;
  }

  @Override
  public void publish(PublishRequest request, StreamObserver<Empty> observer) {
    calls.answer(
        "Events/Publish",
        observer,
        namespace -> {
          events.publishAny(namespace, request.getTopic(), request.getEvent());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void subscribe(SubscribeRequest request, StreamObserver<Envelope> observer) {
    try {
      events.subscribe(request.getFiltersList(), observer);
    } catch (StatusRuntimeException e) {
      observer.onError(e);
    }
  }
}
