package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.PendingExit;
import io.statebridge.api.TaskInfo;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Asks the runtime about one container, in that container's lane, and brings its record up to what
 * the runtime says. It ends no container itself: an exit that it finds is returned for the {@link
 * ExitHandler}. Loop only.
 */
final class Inspector {

  private final SyncLoop loop;
  private final ContainerStore store;
  private final ContainerRuntime runtime;
  private final ExitRecorder recorder;
  private final NodeProcesses processes;
  private final Duration lateness;

  /** Exits that are waited for; each holds up its container's lane. */
  private final Map<ContainerId, CompletableFuture<Void>> awaited = new HashMap<>();

  /**
   * @param processes of this node
   * @param lateness how long after a task was found gone its exit may still be told
   */
  Inspector(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      ExitRecorder recorder,
      NodeProcesses processes,
      Duration lateness) {
    this.loop = loop;
    this.store = store;
    this.runtime = runtime;
    this.recorder = recorder;
    this.processes = processes;
    this.lateness = lateness;
  }

  /**
   * Updates what the container's creator said of it; false when the runtime has no such container.
   */
  CompletionStage<Boolean> learn(ContainerId id) {
    return runtime
        .getContainer(id)
        .handleAsync(
            (info, failure) -> {
              if (failure == null) {
                keep(info);
                return CompletableFuture.completedStage(true);
              }
              return Failures.isNotFound(failure)
                  ? CompletableFuture.completedStage(false)
                  : CompletableFuture.<Boolean>failedStage(failure);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  /**
   * Brings the record up to date; the exit that is then still to be handled, if any.
   *
   * @param afterGap whether what happened may have been told while nobody listened, so that it is
   *     of no use to wait for it
   */
  CompletionStage<Optional<Exit>> look(ContainerId id, boolean afterGap) {
    return learn(id)
        .thenComposeAsync(
            known ->
                known
                    ? lookAtTask(id, afterGap)
                    : containerIsGone(id, afterGap).thenApply(ok -> Optional.<Exit>empty()),
            loop);
  }

  /**
   * The container was removed. An end that nobody saw is still told, once, before its record goes.
   */
  CompletionStage<Void> containerIsGone(ContainerId id, boolean afterGap) {
    return unseenEnd(id, afterGap)
        .thenAcceptAsync(
            end -> {
              store.get(id).ifPresent(c -> recorder.recordAnyEnd(c, end.orElseGet(this::unseen)));
              store.delete(id);
            },
            loop);
  }

  private void keep(ContainerInfo info) {
    if (store.update(info.id(), c -> c.withInfo(info)).isEmpty()) {
      store.create(Container.of(info));
    }
  }

  private CompletionStage<Optional<Exit>> lookAtTask(ContainerId id, boolean afterGap) {
    return runtime
        .getTask(id)
        .handleAsync(
            (task, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedStage(apply(id, task));
              }
              return Failures.isNotFound(failure)
                  ? taskIsGone(id, afterGap)
                  : CompletableFuture.<Optional<Exit>>failedStage(failure);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  private CompletionStage<Optional<Exit>> taskIsGone(ContainerId id, boolean afterGap) {
    @Nullable Container container = store.get(id).orElse(null);
    if (container == null) {
      return CompletableFuture.completedStage(Optional.empty());
    }
    if (container.exit() != null) {
      store.update(id, c -> c.withCleanupPending(false));
      return CompletableFuture.completedStage(Optional.empty());
    }
    if (container.pendingExit() != null) {
      return CompletableFuture.completedStage(Optional.ofNullable(container.knownExit()));
    }
    return runtime
        .pastRun(id)
        .handleAsync(
            (run, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedStage(Optional.of(remembered(id, run)));
              }
              return Failures.isNotFound(failure)
                  ? unseenEnd(id, afterGap)
                  : CompletableFuture.<Optional<Exit>>failedStage(failure);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  private Exit remembered(ContainerId id, PastRun run) {
    Instant startedAt = run.startedAt();
    if (startedAt != null) {
      store.update(id, c -> c.startedAt() == null ? c.startedAt(startedAt) : c);
    }
    return run.exit();
  }

  /**
   * Nobody whom we can ask knows how the task ended, if it ever was started. In a storm events come
   * a second late: before the end is called unseen, the exit is given the time to be told.
   */
  private CompletionStage<Optional<Exit>> unseenEnd(ContainerId id, boolean afterGap) {
    @Nullable Container container = store.get(id).orElse(null);
    if (container == null || container.knownExit() != null) {
      return CompletableFuture.completedStage(
          Optional.ofNullable(container).map(Container::knownExit));
    }
    if (container.state() != ContainerState.RUNNING) {
      store.update(id, Container::withoutTask);
      return CompletableFuture.completedStage(Optional.empty());
    }
    Exit unseen = unseen();
    if (afterGap) {
      return CompletableFuture.completedStage(Optional.of(unseen));
    }
    CompletableFuture<Void> told = new CompletableFuture<>();
    awaited.put(id, told);
    SyncLoop.Timer patience = loop.schedule(lateness, () -> told.complete(null));
    return told.thenApply(
        ok -> {
          patience.cancel();
          awaited.remove(id);
          return store.get(id).map(c -> c.knownExit() == null ? unseen : c.knownExit());
        });
  }

  /** An exit was made visible while its container's lane is busy, maybe with waiting for it. */
  void exitTold(ContainerId id) {
    CompletableFuture<Void> told = awaited.get(id);
    if (told != null) {
      told.complete(null);
    }
  }

  private Exit unseen() {
    return Exit.unseen(loop.now());
  }

  private Optional<Exit> apply(ContainerId id, TaskInfo task) {
    @Nullable Container container = store.get(id).orElse(null);
    if (container == null) {
      return Optional.empty();
    }
    return switch (task.status()) {
      case UNKNOWN -> Optional.empty();
      case CREATED -> {
        if (!isSameLiveRun(container, task) || container.startedAt() != null) {
          beginRun(container, c -> liveRun(c, task));
        }
        yield Optional.empty();
      }
      case RUNNING, PAUSED -> {
        boolean paused = task.status() == TaskInfo.Status.PAUSED;
        if (!isSameLiveRun(container, task)) {
          Instant startedAt = startOf(id, task.pid());
          beginRun(container, c -> liveRun(c, task).startedAt(startedAt).withPaused(paused));
        } else if (container.startedAt() == null) {
          Instant startedAt = startOf(id, task.pid());
          store.update(id, c -> c.startedAt(startedAt).withPaused(paused));
        } else {
          store.update(id, c -> c.withPaused(paused));
        }
        // An exit that was told before is not taken back: what is left to do for it is done.
        yield store.get(id).map(Container::pendingExit).map(PendingExit::exit);
      }
      case STOPPED -> stopped(container, task);
    };
  }

  private Optional<Exit> stopped(Container container, TaskInfo task) {
    Instant exitedAt = task.exitedAt();
    Exit told =
        new Exit(task.exitStatus(), exitedAt == null ? loop.now() : exitedAt, ExitSource.LISTED);
    Exit known = container.knownExit();
    if (known != null) {
      boolean later = exitedAt != null && exitedAt.isAfter(known.exitedAt());
      if (!later) {
        return Optional.of(known);
      }
      // A whole run came and went unseen since the one that is recorded.
      beginRun(container, c -> c.newRun(task.pid(), null));
    } else if (container.pid() != task.pid()) {
      beginRun(container, c -> c.newRun(task.pid(), null));
    }
    return Optional.of(told);
  }

  private Container liveRun(Container container, TaskInfo task) {
    Container run = container.newRun(task.pid(), null);
    return processes.bundleOf(task.id(), task.pid()).map(run::withBundle).orElse(run);
  }

  private static boolean isSameLiveRun(Container container, TaskInfo task) {
    return container.exit() == null && container.pid() == task.pid();
  }

  /** Before a new run takes the record over, the end of the one that was there is told. */
  private void beginRun(Container container, UnaryOperator<Container> transition) {
    recorder.recordAnyEnd(container, unseen());
    store.update(container.id(), transition);
  }

  /**
   * The kernel's word, else now, which is late. The kernel counts in hundredths: not before the
   * creation.
   */
  private Instant startOf(ContainerId id, long pid) {
    Instant start = processes.startOf(pid).orElseGet(loop::now);
    Instant created = store.get(id).map(c -> c.info().createdAt()).orElse(null);
    return created != null && start.isBefore(created) ? created : start;
  }
}
