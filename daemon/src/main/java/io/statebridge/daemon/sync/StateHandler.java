package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.store.ContainerStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What the events other than exits do to a record, in the container's lane. Events may come late,
 * twice or in another order than things happened; wherever an event does not follow from the
 * record, the runtime is asked instead of the event believed. Loop only.
 */
final class StateHandler {

  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  private final SyncLoop loop;
  private final ContainerStore store;
  private final Inspector inspector;
  private final ExitHandler exits;
  private final ExitRecorder recorder;

  StateHandler(
      SyncLoop loop,
      ContainerStore store,
      Inspector inspector,
      ExitHandler exits,
      ExitRecorder recorder) {
    this.loop = loop;
    this.store = store;
    this.inspector = inspector;
    this.exits = exits;
    this.recorder = recorder;
  }

  CompletionStage<Void> containerChanged(ContainerId id) {
    return inspector.learn(id).thenApply(known -> null);
  }

  /** The sandbox that a container says it is in, if nobody told of that: not each has events. */
  Optional<ContainerId> unknownSandbox(ContainerId id) {
    return store
        .get(id)
        .map(container -> container.info().sandboxId())
        .filter(sandbox -> !sandbox.isEmpty())
        .map(sandbox -> new ContainerId(id.namespace(), sandbox))
        .filter(sandbox -> store.get(sandbox).isEmpty());
  }

  CompletionStage<Void> containerDeleted(ContainerId id) {
    return inspector.containerIsGone(id, false);
  }

  CompletionStage<Void> taskCreated(TaskCreated event) {
    @Nullable Container container = store.get(event.id()).orElse(null);
    if (container == null) {
      return inspect(event.id());
    }
    Exit exit = container.exit();
    if (exit != null && !event.at().isAfter(exit.exitedAt())) {
      // Of the run that has ended, or an earlier one.
      return DONE;
    }
    if (exit == null && container.pid() != 0) {
      // Either the list was quicker than the event, or the end of the run before this one was lost.
      return inspect(event.id());
    }
    store.update(event.id(), c -> c.newRun(event.pid(), event.at()).withBundle(event.bundle()));
    return DONE;
  }

  CompletionStage<Void> taskStarted(TaskStarted event) {
    @Nullable Container container = store.get(event.id()).orElse(null);
    if (container == null || (container.exit() == null && container.pid() != event.pid())) {
      return inspect(event.id());
    }
    if (container.startedAt() == null || container.exit() == null) {
      // Better than a start that the list found: the kernel knows when the process was made.
      store.update(event.id(), c -> c.startedAt(event.at()));
    }
    return DONE;
  }

  CompletionStage<Void> paused(ContainerId id, boolean paused) {
    if (store.get(id).isEmpty()) {
      return inspect(id);
    }
    store.update(id, c -> c.exit() == null ? c.withPaused(paused) : c);
    return DONE;
  }

  /** A deleted task has ended: its last words are the exit, if the exit's own event was lost. */
  CompletionStage<Void> taskDeleted(TaskDeleted event) {
    @Nullable Container container = store.get(event.id()).orElse(null);
    if (container == null || container.exit() != null) {
      return DONE;
    }
    if (container.pid() != event.pid()) {
      return inspect(event.id());
    }
    Exit lastWords = event.lastWords();
    if (container.pendingExit() != null || lastWords != null) {
      recorder.recordAnyEnd(container, lastWords == null ? Exit.unseen(loop.now()) : lastWords);
      return DONE;
    }
    store.update(event.id(), Container::withoutTask);
    return DONE;
  }

  private CompletionStage<Void> inspect(ContainerId id) {
    return exits.inspect(id);
  }
}
