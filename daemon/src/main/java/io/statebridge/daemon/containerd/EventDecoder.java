package io.statebridge.daemon.containerd;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Malformed;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerEvent.Unrecognised;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.proto.containerd.events.ContainerCreate;
import io.statebridge.proto.containerd.events.ContainerDelete;
import io.statebridge.proto.containerd.events.ContainerUpdate;
import io.statebridge.proto.containerd.events.TaskCreate;
import io.statebridge.proto.containerd.events.TaskDelete;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.TaskOOM;
import io.statebridge.proto.containerd.events.TaskPaused;
import io.statebridge.proto.containerd.events.TaskResumed;
import io.statebridge.proto.containerd.events.TaskStart;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An envelope of containerd's event service as a {@link ContainerEvent}. Pure, but for a clock that
 * stands in for times that an envelope lacks, and total: any envelope gives an event and none an
 * exception.
 */
final class EventDecoder {

  private final String probeTopic;
  private final Supplier<Instant> clock;

  EventDecoder(String probeTopic, Supplier<Instant> clock) {
    this.probeTopic = probeTopic;
    this.clock = clock;
  }

  ContainerEvent decode(Envelope envelope) {
    String topic = envelope.getTopic();
    if (topic.equals(probeTopic)) {
      return new Probe(topic);
    }
    String url = envelope.getEvent().getTypeUrl();
    String type = url.substring(url.lastIndexOf('/') + 1);
    Instant at = Times.or(envelope.getTimestamp(), clock.get());
    try {
      @Nullable ContainerEvent event =
          decode(type, envelope.getNamespace(), envelope.getEvent().getValue(), at);
      return event == null ? new Unrecognised(topic, type) : event;
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      return new Malformed(topic, type, String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable ContainerEvent decode(
      String type, String namespace, ByteString bytes, Instant at)
      throws InvalidProtocolBufferException {
    return switch (type) {
      case "containerd.events.TaskExit" ->
          exited(namespace, parsed(TaskExit.getDefaultInstance(), bytes), at);
      case "containerd.events.TaskCreate" -> {
        TaskCreate e = parsed(TaskCreate.getDefaultInstance(), bytes);
        yield new ContainerEvent.TaskCreated(
            new ContainerId(namespace, e.getContainerId()), pid(e.getPid()), e.getBundle(), at);
      }
      case "containerd.events.TaskStart" -> {
        TaskStart e = parsed(TaskStart.getDefaultInstance(), bytes);
        yield new ContainerEvent.TaskStarted(
            new ContainerId(namespace, e.getContainerId()), pid(e.getPid()), at);
      }
      case "containerd.events.TaskDelete" ->
          deleted(namespace, parsed(TaskDelete.getDefaultInstance(), bytes));
      case "containerd.events.TaskPaused" ->
          new ContainerEvent.TaskPaused(
              new ContainerId(
                  namespace, parsed(TaskPaused.getDefaultInstance(), bytes).getContainerId()));
      case "containerd.events.TaskResumed" ->
          new ContainerEvent.TaskResumed(
              new ContainerId(
                  namespace, parsed(TaskResumed.getDefaultInstance(), bytes).getContainerId()));
      case "containerd.events.TaskOOM" ->
          new ContainerEvent.OutOfMemory(
              new ContainerId(
                  namespace, parsed(TaskOOM.getDefaultInstance(), bytes).getContainerId()));
      case "containerd.events.ContainerCreate" -> {
        ContainerCreate e = parsed(ContainerCreate.getDefaultInstance(), bytes);
        yield new ContainerEvent.ContainerCreated(
            new ContainerId(namespace, e.getId()), e.getImage(), e.getRuntime().getName());
      }
      case "containerd.events.ContainerUpdate" ->
          new ContainerEvent.ContainerChanged(
              new ContainerId(
                  namespace, parsed(ContainerUpdate.getDefaultInstance(), bytes).getId()));
      case "containerd.events.ContainerDelete" ->
          new ContainerEvent.ContainerDeleted(
              new ContainerId(
                  namespace, parsed(ContainerDelete.getDefaultInstance(), bytes).getId()));
      default -> null;
    };
  }

  @SuppressWarnings("unchecked") // What is parsed is of the prototype's type.
  private static <T extends Message> T parsed(T prototype, ByteString bytes)
      throws InvalidProtocolBufferException {
    return (T) LenientUtf8.parse(prototype, bytes.toByteArray());
  }

  /**
   * A task that is deleted before it was started has an exit without a time, before or after its
   * deletion's own event: it did not run to an end.
   */
  private static ContainerEvent exited(String namespace, TaskExit e, Instant at) {
    ContainerId id = new ContainerId(namespace, e.getContainerId());
    boolean neverRan = e.hasExitedAt() && Times.orNull(e.getExitedAt()) == null;
    // An empty process id is the init process's in the shims' own API, and some report it so.
    String process = e.getId().isEmpty() ? e.getContainerId() : e.getId();
    return neverRan && process.equals(e.getContainerId())
        ? new ContainerEvent.TaskDeleted(id, pid(e.getPid()), null)
        : new ContainerEvent.Exited(
            id, process, pid(e.getPid()), exit(e.getExitStatus(), e.getExitedAt(), at));
  }

  /** The end of an exec changes no container, and a task that never ran has no exit. */
  private static @Nullable ContainerEvent deleted(String namespace, TaskDelete e) {
    if (!e.getId().isEmpty() && !e.getId().equals(e.getContainerId())) {
      return null;
    }
    Instant exitedAt = Times.orNull(e.getExitedAt());
    return new ContainerEvent.TaskDeleted(
        new ContainerId(namespace, e.getContainerId()),
        pid(e.getPid()),
        exitedAt == null ? null : exit(e.getExitStatus(), e.getExitedAt(), exitedAt));
  }

  private static Exit exit(int status, Timestamp exitedAt, Instant fallback) {
    return new Exit(status, Times.or(exitedAt, fallback), ExitSource.EVENT);
  }

  private static long pid(int unsigned) {
    return Integer.toUnsignedLong(unsigned);
  }
}
