package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.Run;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitExit;
import io.statebridge.daemon.sync.lifecycle.Effect.Call;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.DeleteTask;
import io.statebridge.daemon.sync.lifecycle.Effect.PrepareDelete;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadPastRun;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Effect.Retry;
import io.statebridge.daemon.sync.lifecycle.Observation;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerGone;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerRead;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteFailed;
import io.statebridge.daemon.sync.lifecycle.Observation.Deleted;
import io.statebridge.daemon.sync.lifecycle.Observation.ExitAwaited;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunUnknown;
import io.statebridge.daemon.sync.lifecycle.Observation.ProcessRead;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The calls that the life cycle asks for: questions to the runtime and to the kernel, Delete, and
 * the wait for an exit that may still be reported. While the runtime is away it is asked nothing.
 * Loop only.
 */
final class RuntimeCalls {

  /** An exit that is waited for; its container's queue is held meanwhile. */
  private record Awaited(Run run, CompletableFuture<@Nullable Void> over) {}

  /** Of tasks that are asked for one by one. */
  static final int TASKS_AT_A_TIME = 16;

  private final SyncLoop loop;
  private final ContainerRuntime runtime;
  private final NodeProcesses processes;
  private final Counters counters;
  private final Duration lateness;
  private final BooleanSupplier runtimeIsAway;
  private final Map<ContainerId, Awaited> awaited = new HashMap<>();
  private final SilentShims silent = new SilentShims();

  /**
   * @param lateness how long after a task was found gone its exit may still be reported
   * @param runtimeIsAway whether there is no use in asking it for anything
   */
  RuntimeCalls(
      SyncLoop loop,
      ContainerRuntime runtime,
      NodeProcesses processes,
      Counters counters,
      Duration lateness,
      BooleanSupplier runtimeIsAway) {
    this.loop = loop;
    this.runtime = runtime;
    this.processes = processes;
    this.counters = counters;
    this.lateness = lateness;
    this.runtimeIsAway = runtimeIsAway;
  }

  /** Makes a call; its answer is the next observation. A failure is to be retried. */
  CompletionStage<Observation> make(ContainerId id, Call call) {
    return switch (call) {
      case ReadContainer(Observation cause) ->
          asked(
              () -> runtime.getContainer(id),
              info -> new ContainerRead(info, cause),
              () -> new ContainerGone(cause));
      case ReadTask(Run asked, Observation cause) -> {
        Instant askedAt = loop.now();
        yield asked(
            () -> task(id),
            task -> taskRead(id, task, askedAt, asked, cause),
            () -> new TaskGone(asked, cause));
      }
      case ReadPastRun(Run asked, boolean waited) ->
          asked(
              () -> runtime.pastRun(id),
              past -> new PastRunRead(past, asked),
              () -> new PastRunUnknown(asked, waited));
      case ReadProcess(Run asked, Observation cause) ->
          CompletableFuture.completedStage(
              new ProcessRead(processes.bundleOf(id, asked.pid()).isPresent(), asked, cause));
      case AwaitExit(Run asked, Observation cause) -> awaitExit(id, asked, cause);
      case DeleteTask(Run asked) -> delete(id, asked);
      case PrepareDelete _, Continue _ -> throw new IllegalStateException("not for here: " + call);
      case Retry(RuntimeFailure why) -> CompletableFuture.failedStage(why);
    };
  }

  private CompletionStage<TaskInfo> task(ContainerId id) {
    return runtime
        .getTask(id)
        .whenCompleteAsync(
            (task, failure) -> {
              if (failure == null) {
                silent.told(task);
              } else if (Failures.isNotFound(failure)) {
                silent.gone(id);
              } else if (Failures.isOfKind(failure, RuntimeFailure.Kind.TRANSIENT)) {
                silent.failed(id);
              }
            },
            loop);
  }

  /**
   * The tasks of a namespace. The runtime asks one shim after another, and where too many do not
   * answer it cannot list them in time: then the tasks are asked for one by one, and those that are
   * not told are UNKNOWN.
   *
   * @param ids completes with the containers of the namespace
   */
  CompletionStage<List<TaskInfo>> listTasks(
      String namespace, CompletionStage<? extends Collection<ContainerId>> ids) {
    return runtime
        .listTasks(namespace)
        .whenCompleteAsync(
            (tasks, failure) -> {
              if (failure == null) {
                tasks.forEach(silent::told);
              }
            },
            loop)
        .exceptionallyCompose(
            failure ->
                Failures.isOfKind(failure, RuntimeFailure.Kind.TRANSIENT)
                    ? ids.thenComposeAsync(all -> askOneByOne(all), loop)
                    : CompletableFuture.failedStage(failure));
  }

  private CompletionStage<List<TaskInfo>> askOneByOne(Collection<ContainerId> ids) {
    List<TaskInfo> tasks = new ArrayList<>();
    return SideBySide.forEach(
            loop,
            ids,
            TASKS_AT_A_TIME,
            id ->
                task(id)
                    .thenApply(Optional::of)
                    .exceptionallyCompose(failure -> untold(id, failure))
                    .thenAcceptAsync(task -> task.ifPresent(tasks::add), loop))
        .thenApply(ok -> List.copyOf(tasks));
  }

  /** None where there is no task, and UNKNOWN where nobody says how it is doing. */
  private static CompletionStage<Optional<TaskInfo>> untold(ContainerId id, Throwable failure) {
    if (Failures.isNotFound(failure)) {
      return CompletableFuture.completedStage(Optional.empty());
    }
    return Failures.isOfKind(failure, RuntimeFailure.Kind.TRANSIENT)
        ? CompletableFuture.completedStage(
            Optional.of(new TaskInfo(id, TaskInfo.Status.UNKNOWN, 0, 0, null)))
        : CompletableFuture.failedStage(failure);
  }

  /** Containers whose shim does not answer. Any thread. */
  Set<ContainerId> silentShims() {
    return silent.all();
  }

  private interface Question<T> {
    CompletionStage<T> put();
  }

  private interface Absence {
    Observation observation();
  }

  private <T> CompletionStage<Observation> asked(
      Question<T> question, Function<T, Observation> found, Absence absent) {
    if (runtimeIsAway()) {
      return away();
    }
    return question
        .put()
        .handleAsync(
            (answer, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedStage(found.apply(answer));
              }
              return Failures.isNotFound(failure)
                  ? CompletableFuture.completedStage(absent.observation())
                  : CompletableFuture.<Observation>failedStage(failure);
            },
            loop)
        .thenCompose(stage -> stage);
  }

  boolean runtimeIsAway() {
    return runtimeIsAway.getAsBoolean();
  }

  static <T> CompletionStage<T> away() {
    return CompletableFuture.failedStage(
        new RuntimeFailure(
            RuntimeFailure.Kind.UNREACHABLE, "waits until containerd is connected again"));
  }

  /** A task that was read or listed, and what the kernel knows of it if that may be needed. */
  TaskRead taskRead(ContainerId id, TaskInfo task, Instant askedAt, Run asked, Observation cause) {
    boolean known = asked.pid() == task.pid() && asked.startedAt() != null;
    return known || task.pid() == 0 || task.status() == TaskInfo.Status.STOPPED
        ? new TaskRead(task, askedAt, "", asked, cause)
        : new TaskRead(
            task,
            processes.startOf(task.pid()).orElse(askedAt),
            processes.bundleOf(id, task.pid()).orElse(""),
            asked,
            cause);
  }

  private CompletionStage<Observation> awaitExit(ContainerId id, Run asked, Observation cause) {
    CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
    awaited.put(id, new Awaited(asked, over));
    SyncLoop.Timer patience = loop.schedule(lateness, () -> over.complete(null));
    return over.thenApplyAsync(
        ok -> {
          patience.cancel();
          awaited.remove(id);
          return new ExitAwaited(asked, cause);
        },
        loop);
  }

  /** A record changed: whoever waits for its run's exit need not wait longer. */
  void recordChanged(ContainerId id, @Nullable ContainerRecord after) {
    if (after == null || after.exit() != null) {
      silent.gone(id);
    }
    @Nullable Awaited waiting = awaited.get(id);
    boolean stillLives = waiting != null && after != null && waiting.run().isStillLive(after.run());
    if (waiting != null && !stillLives) {
      waiting.over().complete(null);
    }
  }

  private CompletionStage<Observation> delete(ContainerId id, Run asked) {
    return runtime
        .deleteTask(id)
        .handleAsync(
            (ok, failure) -> {
              if (failure == null || Failures.isNotFound(failure)) {
                return new Deleted(asked);
              }
              counters.failedDeletes.increment();
              return new DeleteFailed(asked, Failures.ofRuntime(failure));
            },
            loop);
  }
}
