package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.events.v1.EventsGrpc;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A subscription of the test's own: what containerd says, to compare with what we say. */
final class ContainerdEvents implements StreamObserver<Envelope>, AutoCloseable {
  private static final String PROBE = "/endtoend/probe";

  private record Seen(Envelope event, Instant at) {}

  private final UnixChannel channel;
  private final Queue<Seen> seen = new ConcurrentLinkedQueue<>();

  private ContainerdEvents(UnixChannel channel) {
    this.channel = channel;
  }

  /** Subscribes, and returns when events are known to arrive. */
  static ContainerdEvents of(Path socket) {
    UnixChannel channel = UnixChannel.to(socket);
    ContainerdEvents events = new ContainerdEvents(channel);
    EventsGrpc.newStub(channel.grpc()).subscribe(SubscribeRequest.getDefaultInstance(), events);
    ContainerdClient client = new ContainerdClient(channel);
    await("an event of containerd")
        .until(
            () -> {
              client.publish(
                  "endtoend", PROBE, Any.newBuilder().setTypeUrl("google.protobuf.Empty").build());
              return events.seen.stream().anyMatch(s -> s.event().getTopic().equals(PROBE));
            });
    return events;
  }

  /** The exit of a container's init process. */
  TaskExit exitOf(ContainerId id) {
    return await("the exit of " + id).until(() -> findExit(id), Optional::isPresent).orElseThrow();
  }

  private Optional<TaskExit> findExit(ContainerId id) {
    return find(id).map(s -> exit(s.event()));
  }

  /** When the exit of a container's init process came; waits for it. */
  Instant awaitExitOf(ContainerId id) {
    exitOf(id);
    return find(id).orElseThrow().at();
  }

  private Optional<Seen> find(ContainerId id) {
    return seen.stream()
        .filter(s -> s.event().getTopic().equals("/tasks/exit"))
        .filter(s -> s.event().getNamespace().equals(id.namespace()))
        .filter(s -> isInitExit(exit(s.event()), id))
        .findFirst();
  }

  private static boolean isInitExit(TaskExit exit, ContainerId id) {
    return exit.getContainerId().equals(id.id()) && exit.getId().equals(id.id());
  }

  private static TaskExit exit(Envelope event) {
    try {
      return TaskExit.parseFrom(event.getEvent().getValue());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("unreadable: " + event, e);
    }
  }

  @Override
  public void onNext(Envelope event) {
    seen.add(new Seen(event, Instant.now()));
  }

  @Override
  public void onError(Throwable failure) {}

  @Override
  public void onCompleted() {}

  @Override
  public void close() {
    channel.close();
  }
}
