package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerState;
import io.statebridge.api.TaskInfo;
import io.statebridge.store.ContainerStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Compares the runtime's lists with the store and has every container that differs inspected. It
 * never writes: the inspection asks again inside the container's lane, so that an old list cannot
 * overwrite a newer event.
 *
 * <p>Costs the runtime one call for the namespaces and two lists a namespace, and two more calls
 * for each container that differs, a bounded number of them at a time. Loop only; one pass at a
 * time.
 */
final class Reconciler {

  private final SyncLoop loop;
  private final ContainerStore store;
  private final ContainerRuntime runtime;
  private final Dispatcher dispatcher;
  private final ExitHandler exits;
  private final DeletePolicy policy;
  private final Counters counters;
  private final int window;

  /**
   * @param window how many inspections may be under way at a time
   */
  Reconciler(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      Dispatcher dispatcher,
      ExitHandler exits,
      DeletePolicy policy,
      Counters counters,
      int window) {
    this.loop = loop;
    this.store = store;
    this.runtime = runtime;
    this.dispatcher = dispatcher;
    this.exits = exits;
    this.policy = policy;
    this.counters = counters;
    this.window = window;
  }

  /**
   * One pass. Completes with the number of containers that differed, when each of them has been
   * looked at once; fails when a list could not be had.
   *
   * @param afterGap whether events may have been missed since the last pass: then a record without
   *     a task, and none in the runtime, may have had a whole run, and is looked at, too
   */
  CompletionStage<Integer> reconcile(boolean afterGap) {
    return runtime
        .namespaces()
        .thenComposeAsync(listed -> compareAll(namespaces(listed), afterGap), loop)
        .thenComposeAsync(differing -> inspectAll(differing, afterGap), loop)
        .whenCompleteAsync(
            (differences, failure) -> {
              if (failure == null) {
                counters.reconciles.increment();
              }
            },
            loop);
  }

  /**
   * A namespace that vanished from the runtime is still compared, as long as we have records in it.
   */
  private Collection<String> namespaces(List<String> listed) {
    TreeSet<String> all = new TreeSet<>(listed);
    store.snapshot().containers().forEach(c -> all.add(c.id().namespace()));
    all.addAll(policy.configuredNamespaces());
    all.removeIf(namespace -> !policy.follows(namespace));
    return all;
  }

  private CompletionStage<List<ContainerId>> compareAll(
      Collection<String> namespaces, boolean afterGap) {
    CompletionStage<List<ContainerId>> found = CompletableFuture.completedStage(new ArrayList<>());
    for (String namespace : namespaces) {
      CompletionStage<List<ContainerId>> differing = compare(namespace, afterGap);
      found =
          found.thenCombine(
              differing,
              (all, some) -> {
                all.addAll(some);
                return all;
              });
    }
    return found;
  }

  private CompletionStage<List<ContainerId>> compare(String namespace, boolean afterGap) {
    return runtime
        .listContainers(namespace)
        .thenCombineAsync(
            runtime.listTasks(namespace),
            (infos, tasks) -> differing(namespace, infos, tasks, afterGap),
            loop);
  }

  private List<ContainerId> differing(
      String namespace, List<ContainerInfo> infos, List<TaskInfo> tasks, boolean afterGap) {
    Map<ContainerId, TaskInfo> taskOf = new HashMap<>();
    tasks.forEach(task -> taskOf.put(task.id(), task));
    Map<ContainerId, Container> unlisted = new HashMap<>();
    for (Container container : store.snapshot().containers()) {
      if (container.id().namespace().equals(namespace)) {
        unlisted.put(container.id(), container);
      }
    }
    List<ContainerId> differing = new ArrayList<>();
    for (ContainerInfo info : infos) {
      Container container = unlisted.remove(info.id());
      if (container == null
          || !container.info().equals(info)
          || !agrees(container, taskOf.get(info.id()), afterGap)) {
        differing.add(info.id());
      }
    }
    differing.addAll(unlisted.keySet());
    return differing;
  }

  private boolean agrees(Container container, @Nullable TaskInfo task, boolean afterGap) {
    if (container.pendingExit() != null || container.cleanupPending()) {
      // Its lane is at work, unless nothing goes on there any more.
      return dispatcher.isBusy(container.id());
    }
    if (task == null) {
      return !container.isLive() && (container.exit() != null || !afterGap);
    }
    return switch (task.status()) {
      case UNKNOWN -> true;
      case CREATED -> container.state() == ContainerState.CREATED && container.pid() == task.pid();
      case RUNNING -> isRunning(container, task) && !container.paused();
      case PAUSED -> isRunning(container, task) && container.paused();
      case STOPPED ->
          container.exit() != null
              && container.exit().exitedAt().equals(task.exitedAt())
              && !policy.deletes(container.id().namespace());
    };
  }

  private static boolean isRunning(Container container, TaskInfo task) {
    return container.state() == ContainerState.RUNNING && container.pid() == task.pid();
  }

  private CompletionStage<Integer> inspectAll(List<ContainerId> differing, boolean afterGap) {
    Deque<ContainerId> toDo = new ArrayDeque<>(differing);
    CompletableFuture<Integer> done = new CompletableFuture<>();
    Pass pass = new Pass(toDo, differing.size(), afterGap, done);
    if (differing.isEmpty()) {
      done.complete(0);
    }
    for (int i = 0; i < window; i++) {
      pass.inspectNext();
    }
    return done;
  }

  /** The inspections of one pass: when one has looked, or failed to, the next may start. */
  private final class Pass {
    private final Deque<ContainerId> toDo;
    private final int total;
    private final boolean afterGap;
    private final CompletableFuture<Integer> done;
    private int looked;

    Pass(Deque<ContainerId> toDo, int total, boolean afterGap, CompletableFuture<Integer> done) {
      this.toDo = toDo;
      this.total = total;
      this.afterGap = afterGap;
      this.done = done;
    }

    void inspectNext() {
      ContainerId id = toDo.poll();
      if (id == null) {
        return;
      }
      // A lane that is busy, maybe with a Delete that fails for ever, must not hold up the pass.
      boolean wait = !dispatcher.isBusy(id);
      CompletableFuture<Void> first = new CompletableFuture<>();
      dispatcher.submit(id, () -> exits.inspect(id, afterGap, () -> first.complete(null)));
      if (wait) {
        first.thenRunAsync(this::oneLooked, loop);
      } else {
        oneLooked();
      }
    }

    private void oneLooked() {
      looked++;
      if (looked == total) {
        done.complete(total);
      }
      inspectNext();
    }
  }
}
