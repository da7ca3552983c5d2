package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.Exit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.None;
import io.statebridge.api.TaskInfo;
import io.statebridge.daemon.sync.lifecycle.Observation;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Compares the runtime's lists with the store and has every container that differs inspected. Both
 * ask the life cycle, so they cannot disagree. It never writes: the inspection asks the runtime
 * again inside the container's queue, so that an old list cannot overwrite a newer event.
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
  private final WorkQueue queue;
  private final LifeCycleRunner runner;
  private final RuntimeCalls calls;
  private final DeletePolicy policy;
  private final Counters counters;
  private final int window;

  /** By namespace, what the last list had beside the containers. */
  private final Map<String, Set<TaskInfo>> knownOrphans = new HashMap<>();

  /**
   * @param window how many inspections may be under way at a time
   */
  Reconciler(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      Dispatcher dispatcher,
      WorkQueue queue,
      LifeCycleRunner runner,
      RuntimeCalls calls,
      DeletePolicy policy,
      Counters counters,
      int window) {
    this.loop = loop;
    this.store = store;
    this.runtime = runtime;
    this.dispatcher = dispatcher;
    this.queue = queue;
    this.runner = runner;
    this.calls = calls;
    this.policy = policy;
    this.counters = counters;
    this.window = window;
  }

  /**
   * One pass. Completes with the number of containers that differed, when the runtime has answered
   * for each of them; fails when a list could not be had.
   */
  CompletionStage<Integer> reconcile() {
    return runtime
        .namespaces()
        .thenComposeAsync(listed -> compareAll(namespaces(listed)), loop)
        .thenComposeAsync(this::inspectAll, loop)
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
    store.snapshot().entries().forEach(e -> all.add(e.id().namespace()));
    all.addAll(policy.configuredNamespaces());
    all.removeIf(namespace -> !policy.follows(namespace));
    return all;
  }

  private CompletionStage<List<Differing>> compareAll(Collection<String> namespaces) {
    CompletionStage<List<Differing>> found = CompletableFuture.completedStage(new ArrayList<>());
    for (String namespace : namespaces) {
      found =
          found.thenCombine(
              compare(namespace),
              (all, some) -> {
                all.addAll(some);
                return all;
              });
    }
    return found;
  }

  /**
   * @param seen what it is inspected for
   * @param known whether it was known to differ, so that it is no finding
   */
  private record Differing(ContainerId id, Observation seen, boolean known) {}

  private CompletionStage<List<Differing>> compare(String namespace) {
    // What the lists are held against may not be newer than they are.
    Map<ContainerId, ContainerRecord> asked = records(namespace);
    return runtime
        .listContainers(namespace)
        .thenCombineAsync(
            runtime.listTasks(namespace),
            (infos, tasks) -> differing(namespace, infos, tasks, asked),
            loop);
  }

  private Map<ContainerId, ContainerRecord> records(String namespace) {
    Map<ContainerId, ContainerRecord> records = new HashMap<>();
    for (Entry entry : store.snapshot().entries()) {
      if (entry.id().namespace().equals(namespace)) {
        records.put(entry.id(), entry.record());
      }
    }
    return records;
  }

  private List<Differing> differing(
      String namespace,
      List<ContainerInfo> infos,
      List<TaskInfo> tasks,
      Map<ContainerId, ContainerRecord> asked) {
    Map<ContainerId, TaskInfo> taskOf = new HashMap<>();
    tasks.forEach(task -> taskOf.put(task.id(), task));
    Map<ContainerId, ContainerRecord> unlisted = records(namespace);
    List<Differing> differing = new ArrayList<>();
    for (ContainerInfo info : infos) {
      @Nullable ContainerRecord record = unlisted.remove(info.id());
      @Nullable TaskInfo task = taskOf.remove(info.id());
      if (record == null || !agrees(record, info, task)) {
        differing.add(new Differing(info.id(), found(record, task), false));
      }
    }
    unlisted.forEach(
        (id, record) -> {
          boolean mayLive = record.orphaned() && record.exit() == null;
          if (!mayLive || !taskOf.containsKey(id)) {
            Observation seen = found(record, taskOf.remove(id));
            if (!(seen instanceof Inspect)) {
              differing.add(new Differing(id, seen, record.orphaned()));
            }
            differing.add(new Differing(id, new Inspect(), record.orphaned()));
          }
        });
    // Of a task whose container was deleted the list alone tells; one that has ended stays there.
    Set<TaskInfo> known = knownOrphans.getOrDefault(namespace, Set.of());
    knownOrphans.put(namespace, Set.copyOf(taskOf.values()));
    taskOf.values().removeAll(known);
    taskOf.forEach(
        (id, task) -> {
          @Nullable ContainerRecord record = asked.get(id);
          Run run = record == null ? None.NONE : record.run();
          TaskRead seen = calls.taskRead(id, task, run, new Inspect());
          if (record == null || !runner.ask(record, seen).isNoop(record)) {
            differing.add(new Differing(id, seen, true));
          }
        });
    return differing;
  }

  /** An exit that the list alone may tell, or that something differs. */
  private static Observation found(@Nullable ContainerRecord record, @Nullable TaskInfo task) {
    @Nullable Exit known = record == null ? null : record.knownExit();
    @Nullable Event exit = task == null || known != null ? null : Event.ofStopped(task);
    return exit == null ? new Inspect() : exit;
  }

  private boolean agrees(ContainerRecord record, ContainerInfo info, @Nullable TaskInfo task) {
    if (!info.equals(record.info()) || record.orphaned()) {
      return false;
    }
    runner.verified(record.id());
    if (record.pendingExit() != null || record.cleanupPending()) {
      // Its queue is at work, unless nothing goes on there any more.
      return queue.isBusy(record.id());
    }
    Inspect cause = new Inspect();
    Observation seen =
        task == null
            ? new TaskGone(record.run(), cause)
            : new TaskRead(task, loop.now(), "", record.run(), cause);
    return runner.ask(record, seen).isNoop(record);
  }

  private CompletionStage<Integer> inspectAll(List<Differing> differing) {
    CompletableFuture<Integer> done = new CompletableFuture<>();
    Pass pass = new Pass(new ArrayDeque<>(differing), done);
    if (differing.isEmpty()) {
      done.complete(0);
    }
    for (int i = 0; i < window; i++) {
      pass.inspectNext();
    }
    return done;
  }

  /** The inspections of one pass: when one is answered, or failed, the next may start. */
  private final class Pass {
    private final Deque<Differing> toDo;
    private final int total;
    private final int findings;
    private final CompletableFuture<Integer> done;
    private int answered;

    Pass(Deque<Differing> toDo, CompletableFuture<Integer> done) {
      this.toDo = toDo;
      this.total = toDo.size();
      this.findings = (int) toDo.stream().filter(differing -> !differing.known()).count();
      this.done = done;
    }

    void inspectNext() {
      @Nullable Differing next = toDo.poll();
      if (next == null) {
        return;
      }
      // A queue that is busy, maybe with a Delete that fails for ever, must not hold up the pass.
      boolean wait = !queue.isBusy(next.id());
      CompletableFuture<Void> first = new CompletableFuture<>();
      dispatcher.inspect(next.id(), next.seen(), () -> first.complete(null));
      if (wait) {
        first.thenRunAsync(this::oneAnswered, loop);
      } else {
        oneAnswered();
      }
    }

    private void oneAnswered() {
      answered++;
      if (answered == total) {
        done.complete(findings);
      }
      inspectNext();
    }
  }
}
