package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an exit enters, whoever reported it. In its container's queue, and by the steps of the
 * {@link io.statebridge.daemon.sync.lifecycle.LifeCycle}:
 *
 * <ol>
 *   <li>Is it the init process of the recorded run? If that does not follow from the event, the
 *       runtime is asked.
 *   <li>The exit becomes visible as pending, and durable.
 *   <li>The task is deleted from the runtime. A Delete that fails changes nothing else and is
 *       retried, in order, with backoff.
 *   <li>One store update records the end.
 * </ol>
 *
 * An exit that would have to wait in its queue becomes visible at once. Loop only.
 */
final class ExitHandler {

  private final ContainerStore store;
  private final LifeCycleRunner runner;

  ExitHandler(ContainerStore store, LifeCycleRunner runner) {
    this.store = store;
    this.runner = runner;
  }

  /** A process ended. Returns the containers that are to be inspected besides. */
  List<ContainerId> exited(Exited exit) {
    List<ContainerId> others = sharingItsShim(exit);
    enqueue(exit);
    return others;
  }

  /** A task was deleted: what the event says of its exit is one like any other. */
  void taskDeleted(TaskDeleted deleted) {
    enqueue(deleted);
  }

  /** It is committed as soon as it follows from the record, and takes its place in the queue. */
  private void enqueue(ContainerEvent.OfContainer event) {
    runner.report(event.id(), new Event(event), () -> {});
  }

  /**
   * When a shim dies that a whole pod shares, the runtime reports the exit of its sandbox alone.
   */
  private List<ContainerId> sharingItsShim(Exited exit) {
    @Nullable ContainerRecord record = store.get(exit.id()).map(Entry::record).orElse(null);
    boolean maybeSandbox =
        exit.ofInitProcess()
            && (record == null || record.info().isSandbox() || exit.fromDeadShim());
    if (!maybeSandbox) {
      return List.of();
    }
    String ofPod = record == null ? "" : record.info().sandboxId();
    String sandbox = ofPod.isEmpty() ? exit.id().id() : ofPod;
    return store.snapshot().entries().stream()
        .map(Entry::record)
        .filter(r -> r.pid() != 0 && r.info().sandboxId().equals(sandbox))
        .map(ContainerRecord::id)
        .filter(id -> id.namespace().equals(exit.id().namespace()) && !id.equals(exit.id()))
        .toList();
  }
}
