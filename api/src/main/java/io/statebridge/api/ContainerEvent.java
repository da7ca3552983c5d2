package io.statebridge.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something that the runtime said happened. {@code at} is when it was published. */
public sealed interface ContainerEvent {

  /** Whether it is one of the pids that containerd's events have instead of a dead shim's. */
  static boolean isSentinel(long pid) {
    return pid == 0 || pid == 0xFFFF_FFFFL;
  }

  /** An event of one container, handled in that container's work queue. */
  sealed interface OfContainer extends ContainerEvent {
    ContainerId id();
  }

  /** The container's metadata was created; image and runtime as in {@link ContainerInfo}. */
  record ContainerCreated(ContainerId id, String image, String runtime) implements OfContainer {}

  /** The container's metadata was changed. */
  record ContainerChanged(ContainerId id) implements OfContainer {}

  /** The container's metadata was deleted. */
  record ContainerDeleted(ContainerId id) implements OfContainer {}

  /** A task was created: a new run. {@code bundle} is its directory on the node. */
  record TaskCreated(ContainerId id, long pid, String bundle, Instant at) implements OfContainer {}

  record TaskStarted(ContainerId id, long pid, Instant at) implements OfContainer {}

  record TaskPaused(ContainerId id) implements OfContainer {}

  record TaskResumed(ContainerId id) implements OfContainer {}

  /**
   * A process ended.
   *
   * @param processId the container's id for its init process, else the exec's
   * @param pid of the process, or a sentinel of a dead shim
   * @param exit how it ended
   */
  record Exited(ContainerId id, String processId, long pid, Exit exit) implements OfContainer {

    /** Whether containerd speaks for a shim that died (containerd 6402): the pid is none. */
    public boolean fromDeadShim() {
      return exit.source() == ExitSource.EVENT && isSentinel(pid);
    }

    public boolean ofInitProcess() {
      return processId.equals(id.id());
    }
  }

  /** A task was deleted, by whomever. {@code exit} is null when the event carries none. */
  record TaskDeleted(ContainerId id, long pid, @Nullable Exit exit) implements OfContainer {}

  /** A process was killed for want of memory. Accepted; changes nothing. */
  record OutOfMemory(ContainerId id) implements OfContainer {}

  /** Our own probe came back: the subscription is live. */
  record Probe(String topic) implements ContainerEvent {}

  /** A type that is of no concern. */
  record Unrecognised(String topic, String type) implements ContainerEvent {}

  /** Bytes that are not what their type says: something happened and we do not know what. */
  record Malformed(String topic, String type, String problem) implements ContainerEvent {}
}
