package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/** A subscriber to a CRI server's container events, which reads nothing until it is told to. */
final class CriEvents extends ClientCall.Listener<ContainerEventResponse> {
  private final ClientCall<GetEventsRequest, ContainerEventResponse> call;
  private final Queue<ContainerEventResponse> events = new ConcurrentLinkedQueue<>();
  private final AtomicReference<Metadata> headers = new AtomicReference<>();
  private final AtomicReference<Status> end = new AtomicReference<>();

  private CriEvents(Channel channel) {
    call = channel.newCall(RuntimeServiceGrpc.getGetContainerEventsMethod(), CallOptions.DEFAULT);
  }

  static CriEvents of(UnixChannel channel) {
    CriEvents subscriber = new CriEvents(channel.grpc());
    subscriber.call.start(subscriber, new Metadata());
    subscriber.call.sendMessage(GetEventsRequest.getDefaultInstance());
    subscriber.call.halfClose();
    return subscriber;
  }

  /** Of a server that says so. */
  CriEvents awaitSubscribed() {
    await("to be subscribed").until(() -> headers.get() != null);
    return this;
  }

  CriEvents read() {
    call.request(Integer.MAX_VALUE);
    return this;
  }

  /** What was read so far. */
  List<ContainerEventResponse> events() {
    return List.copyOf(events);
  }

  List<ContainerEventResponse> events(String containerId) {
    return events.stream().filter(event -> event.getContainerId().equals(containerId)).toList();
  }

  /** The types of a container's events. */
  List<ContainerEventType> types(String containerId) {
    return events(containerId).stream().map(ContainerEventResponse::getContainerEventType).toList();
  }

  long count(ContainerEventType type) {
    return events.stream().filter(event -> event.getContainerEventType() == type).count();
  }

  /** How the stream ended, if it has. */
  Optional<Status> end() {
    return Optional.ofNullable(end.get());
  }

  @Override
  public void onHeaders(Metadata received) {
    headers.set(received);
  }

  @Override
  public void onMessage(ContainerEventResponse event) {
    events.add(event);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end.set(status);
  }
}
