package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an exit does, step by step and in the container's lane: is it the init process of this run?
 * Then the exit is made visible as pending, the task is deleted from the runtime, and one store
 * update records the end. A Delete that fails leaves the record as it was, but for the pending
 * exit, and is tried again in its turn; one that goes on failing no longer holds the record back
 * after {@code finalizeAfter}.
 *
 * <p>Every step can be repeated: a retry finds the pending exit in the record and goes on from
 * there. Loop only.
 */
final class ExitHandler {

  private static final Logger log = LoggerFactory.getLogger(ExitHandler.class);
  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  /** What containerd says of a container whose shim died (or 255): the end that it then gave it. */
  private static final int KILLED = 137;

  private static final String GUESSED =
      "the shim died; the exit code is containerd's guess, nobody saw the real one";

  private final SyncLoop loop;
  private final ContainerStore store;
  private final ContainerRuntime runtime;
  private final Inspector inspector;
  private final ExitRecorder recorder;
  private final DeletePolicy policy;
  private final Counters counters;
  private final Duration finalizeAfter;
  private final Predicate<ContainerId> shimLost;
  private final Durability durability;
  private final BooleanSupplier runtimeIsAway;
  private final DeleteBrake brake;

  /**
   * @param finalizeAfter how long a failing Delete may hold the record back
   * @param shimLost whether a container's shim could not be reached of late
   * @param runtimeIsAway whether there is no use in asking it for anything
   */
  ExitHandler(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      Inspector inspector,
      ExitRecorder recorder,
      DeletePolicy policy,
      Counters counters,
      Duration finalizeAfter,
      Predicate<ContainerId> shimLost,
      Durability durability,
      BooleanSupplier runtimeIsAway) {
    this.loop = loop;
    this.store = store;
    this.runtime = runtime;
    this.inspector = inspector;
    this.recorder = recorder;
    this.policy = policy;
    this.counters = counters;
    this.finalizeAfter = finalizeAfter;
    this.shimLost = shimLost;
    this.durability = durability;
    this.runtimeIsAway = runtimeIsAway;
    this.brake = new DeleteBrake(loop);
  }

  /** A process ended, says the event stream. */
  CompletionStage<Void> exited(Exited event) {
    if (!event.ofInitProcess()) {
      counters.execExits.increment();
      return DONE;
    }
    @Nullable Container container = store.get(event.id()).orElse(null);
    if (container == null) {
      return lookUpThenExit(event);
    }
    if (container.pendingExit() != null || container.cleanupPending()) {
      return deleteTask(event.id());
    }
    if (container.exit() != null) {
      counters.confirmedExits.increment();
      return DONE;
    }
    if (event.fromDeadShim() || !container.isLive() || isEarlierRuns(event, container)) {
      return confirmThenEnd(event);
    }
    if (event.pid() != container.pid()) {
      log.info(
          "{}: ignoring the exit of pid {}: its init process is {}",
          event.id(),
          event.pid(),
          container.pid());
      return DONE;
    }
    return end(event.id(), judged(event));
  }

  /**
   * Whom an exit casts doubt on besides: when a shim dies that a whole pod shares, the runtime
   * tells of its sandbox alone.
   */
  List<ContainerId> siblings(Exited event) {
    @Nullable Container container = store.get(event.id()).orElse(null);
    boolean maybeSandbox =
        event.ofInitProcess()
            && (container == null || container.info().isSandbox() || event.fromDeadShim());
    if (!maybeSandbox) {
      return List.of();
    }
    String ofPod = container == null ? "" : container.info().sandboxId();
    String sandbox = ofPod.isEmpty() ? event.id().id() : ofPod;
    return store.snapshot().containers().stream()
        .filter(c -> c.pid() != 0 && c.info().sandboxId().equals(sandbox))
        .map(Container::id)
        .filter(id -> id.namespace().equals(event.id().namespace()) && !id.equals(event.id()))
        .toList();
  }

  /** Looks at the container in the runtime, and ends it if the runtime says that it has ended. */
  CompletionStage<Void> inspect(ContainerId id) {
    return inspect(id, false, () -> {});
  }

  /**
   * The same.
   *
   * @param afterGap see {@link Inspector#look}
   * @param looked is run when the runtime has answered, or failed to
   */
  CompletionStage<Void> inspect(ContainerId id, boolean afterGap, Runnable looked) {
    return inspector
        .look(id, afterGap)
        .whenCompleteAsync((exit, failure) -> looked.run(), loop)
        .thenComposeAsync(exit -> exit.map(e -> end(id, e)).orElse(DONE), loop);
  }

  /**
   * Makes an exit visible at once that would otherwise wait behind something else in its lane; only
   * if it certainly ends the current run. Its place in the lane it takes all the same.
   */
  void observe(Exited event) {
    store
        .get(event.id())
        .filter(c -> event.ofInitProcess() && c.knownExit() == null && c.pid() != 0)
        .filter(c -> event.pid() == c.pid() && !isEarlierRuns(event, c))
        .ifPresent(
            c -> {
              if (policy.deletes(event.id().namespace())) {
                makePending(event.id(), judged(event));
              } else {
                recorder.record(event.id(), judged(event), false);
              }
              inspector.exitTold(event.id());
            });
  }

  /**
   * The init process of the container's current run ended: pending exit, Delete, one store update.
   * For a container that has long been recorded as ended only its task is deleted.
   */
  CompletionStage<Void> end(ContainerId id, Exit exit) {
    if (!policy.deletes(id.namespace())) {
      recorder.record(id, exit, false);
      return DONE;
    }
    makePending(id, exit);
    return delete(id);
  }

  private void makePending(ContainerId id, Exit exit) {
    PendingExit fresh = PendingExit.of(exit, loop.now());
    brake.exitSeen();
    store
        .update(
            id,
            c -> {
              if (c.exit() != null) {
                return c.withCleanupPending(true);
              }
              return c.pendingExit() == null ? c.withPendingExit(fresh) : c;
            })
        .map(Container::pendingExit)
        .ifPresent(
            pending ->
                loop.schedule(
                    finalizeAfter, () -> finalizeInSpiteOfDelete(id, pending.observedAt())));
  }

  /** A shim that is gone cannot have told the code: containerd made it up. */
  private Exit judged(Exited event) {
    Exit exit = event.exit();
    boolean guessable = exit.code() == KILLED || exit.code() == Exit.UNKNOWN_CODE;
    boolean guessed =
        event.fromDeadShim()
            || (guessable && exit.source() != ExitSource.SHIM && shimLost.test(event.id()));
    return guessed ? exit.withMessage(GUESSED) : exit;
  }

  /**
   * Pid reuse and late events (containerd 5630): an exit before this run's task existed is not this
   * run's.
   */
  private static boolean isEarlierRuns(Exited event, Container container) {
    Instant created = container.taskCreatedAt();
    return created != null && event.exit().exitedAt().isBefore(created);
  }

  /**
   * The exit may come before the list does: only if the runtime does not know the container either
   * is it dropped.
   */
  private CompletionStage<Void> lookUpThenExit(Exited event) {
    return inspector
        .learn(event.id())
        .thenComposeAsync(
            known -> {
              if (known) {
                return confirmThenEnd(event);
              }
              counters.droppedExits.increment();
              log.warn(
                  "{}: dropping an exit with code {}: neither we nor the runtime know the container",
                  event.id(),
                  event.exit().code());
              return DONE;
            },
            loop);
  }

  /**
   * Which run the exit belongs to is not certain from the event alone: the runtime's word decides.
   */
  private CompletionStage<Void> confirmThenEnd(Exited event) {
    return runtime
        .getTask(event.id())
        .handleAsync(
            (task, failure) -> {
              if (failure == null) {
                return endIfStopped(event, task);
              }
              if (!Failures.isNotFound(failure)) {
                return CompletableFuture.<Void>failedStage(failure);
              }
              if (store.get(event.id()).filter(c -> isEarlierRuns(event, c)).isPresent()) {
                return inspect(event.id());
              }
              return end(event.id(), judged(event));
            },
            loop)
        .thenCompose(stage -> stage);
  }

  private CompletionStage<Void> endIfStopped(Exited event, TaskInfo task) {
    Instant exitedAt = task.exitedAt();
    return switch (task.status()) {
      case STOPPED -> {
        Exit told = event.exit();
        yield end(
            event.id(),
            exitedAt == null ? told : new Exit(task.exitStatus(), exitedAt, told.source()));
      }
      case UNKNOWN ->
          CompletableFuture.failedStage(
              new RuntimeFailure(
                  RuntimeFailure.Kind.TRANSIENT, "the shim does not say whether the task ended"));
      case CREATED, RUNNING, PAUSED -> {
        log.info("{}: ignoring the exit of pid {}: the task lives", event.id(), event.pid());
        yield DONE;
      }
    };
  }

  /**
   * Tries again to delete. By now somebody else may have deleted the task and made a new one, and
   * Delete would destroy one that is not started yet: so look first, and let a new run be.
   */
  CompletionStage<Void> deleteTask(ContainerId id) {
    if (runtimeIsAway.getAsBoolean()) {
      return delete(id);
    }
    return runtime
        .getTask(id)
        .handleAsync(
            (task, failure) -> {
              if (failure == null && isNewRun(id, task)) {
                return deleted(id);
              }
              return delete(id);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  private boolean isNewRun(ContainerId id, TaskInfo task) {
    return switch (task.status()) {
      case CREATED, RUNNING, PAUSED -> store.get(id).filter(c -> c.pid() == task.pid()).isEmpty();
      case STOPPED, UNKNOWN -> false;
    };
  }

  /** With the task goes the last that the runtime knows of the exit: it must be ours by then. */
  private CompletionStage<Void> delete(ContainerId id) {
    if (runtimeIsAway.getAsBoolean()) {
      return CompletableFuture.failedStage(
          new RuntimeFailure(
              RuntimeFailure.Kind.UNREACHABLE, "its task can be deleted when containerd is back"));
    }
    return durability
        .durable(store.get(id).map(Container::revision).orElse(0L))
        .thenComposeAsync(ok -> brake.call(() -> runtime.deleteTask(id)), loop)
        .handleAsync(
            (ok, failure) -> {
              if (failure == null || Failures.isNotFound(failure)) {
                return deleted(id);
              }
              counters.failedDeletes.increment();
              String error = Failures.message(failure);
              store.update(
                  id,
                  c -> {
                    PendingExit pending = c.pendingExit();
                    return pending == null
                        ? c
                        : c.withPendingExit(pending.afterFailedDelete(error));
                  });
              return CompletableFuture.<Void>failedStage(failure);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  private CompletionStage<Void> deleted(ContainerId id) {
    store
        .get(id)
        .ifPresent(
            c -> {
              PendingExit pending = c.pendingExit();
              if (pending != null) {
                recorder.record(id, pending.exit(), false);
              } else if (c.cleanupPending()) {
                store.update(id, r -> r.withCleanupPending(false));
              }
            });
    return DONE;
  }

  private void finalizeInSpiteOfDelete(ContainerId id, Instant observedAt) {
    store
        .get(id)
        .map(Container::pendingExit)
        .filter(pending -> pending.observedAt().equals(observedAt))
        .ifPresent(
            pending -> {
              log.warn(
                  "{}: its task cannot be deleted after {} attempts ({}); recording the exit all the same",
                  id,
                  pending.deleteAttempts(),
                  pending.lastError());
              recorder.record(id, pending.exit(), true);
            });
  }
}
