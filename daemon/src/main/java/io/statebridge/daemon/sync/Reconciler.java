package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.Exit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.None;
import io.statebridge.api.TaskInfo;
import io.statebridge.daemon.sync.lifecycle.LifeCycle;
import io.statebridge.daemon.sync.lifecycle.Observation;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.Listed;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Compares the runtime's lists with the store and has every container that differs inspected. Both
 * ask the life cycle, so they cannot disagree. It never writes: in the container's queue the
 * runtime is asked again, and a list's word counts only if nothing was learned since it was asked
 * for.
 *
 * <p>Costs the runtime one call for the namespaces and two lists a namespace, and one or two more
 * calls for each container that differs, a bounded number of them at a time. Loop only; one pass at
 * a time.
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

  /** The tasks without a container that were inspected, and are listed still. */
  private Set<TaskInfo> knownOrphans = Set.of();

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
        .thenComposeAsync(listed -> compareAll(namespaces(listed), new Findings()), loop)
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

  private CompletionStage<Findings> compareAll(Collection<String> namespaces, Findings findings) {
    CompletionStage<Findings> all = CompletableFuture.completedStage(findings);
    for (String namespace : namespaces) {
      all = all.thenCombine(compare(namespace, findings), (found, ok) -> found);
    }
    return all;
  }

  /** What one pass found, once it has all lists. */
  private static final class Findings {
    private final List<Differing> differing = new ArrayList<>();
    private final Set<TaskInfo> orphans = new HashSet<>();

    void add(ContainerId id, @Nullable ContainerRecord record, @Nullable TaskInfo task) {
      boolean known = record != null && record.orphaned();
      @Nullable Event exit = exitOf(task, record);
      if (exit != null) {
        add(id, exit, record != null);
      }
      // An exit that is another's by its date is not looked at further, and its task may still be.
      if (exit == null || record != null) {
        add(id, new Inspect(), known);
      }
    }

    void add(ContainerId id, Observation seen, boolean known) {
      differing.add(new Differing(id, seen, known));
    }

    /** An exit that the list alone may tell. */
    private static @Nullable Event exitOf(
        @Nullable TaskInfo task, @Nullable ContainerRecord record) {
      if (task == null) {
        return null;
      }
      return record != null && isTold(record, task) ? null : Event.ofStopped(task);
    }

    private static boolean isTold(ContainerRecord record, TaskInfo task) {
      @Nullable Exit known = record.knownExit();
      return known != null && !known.isUnseen() && record.run().pid() == task.pid();
    }
  }

  /**
   * @param seen what it is inspected for
   * @param known whether it was known to differ, so that it is no finding of its own
   */
  private record Differing(ContainerId id, Observation seen, boolean known) {}

  private CompletionStage<Void> compare(String namespace, Findings findings) {
    // What the lists are held against may not be newer than they are.
    Map<ContainerId, ContainerRecord> asked = records(namespace);
    Instant askedAt = loop.now();
    CompletionStage<List<ContainerInfo>> containers = runtime.listContainers(namespace);
    CompletionStage<Set<ContainerId>> ids =
        containers.thenApply(
            infos -> {
              Set<ContainerId> all = new TreeSet<>(asked.keySet());
              infos.forEach(info -> all.add(info.id()));
              return all;
            });
    return containers.thenAcceptBothAsync(
        calls.listTasks(namespace, ids),
        (infos, tasks) -> compare(infos, tasks, records(namespace), asked, askedAt, findings),
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

  private void compare(
      List<ContainerInfo> infos,
      List<TaskInfo> tasks,
      Map<ContainerId, ContainerRecord> unlisted,
      Map<ContainerId, ContainerRecord> asked,
      Instant askedAt,
      Findings findings) {
    Map<ContainerId, TaskInfo> taskOf = new HashMap<>();
    tasks.forEach(task -> taskOf.put(task.id(), task));
    for (ContainerInfo info : infos) {
      @Nullable ContainerRecord record = unlisted.remove(info.id());
      @Nullable TaskInfo task = taskOf.remove(info.id());
      if (record != null && !Objects.equals(record.info().createdAt(), info.createdAt())) {
        runner.unverify(info.id());
      }
      if (record != null
          && info.equals(record.info())
          && !record.orphaned()
          && runner.verified(info.id())
          && LifeCycle.pluginMayKnowBetter(record)) {
        // It may not have been loaded when it was asked.
        findings.add(info.id(), StartDue.AFTER_INSPECTION, true);
      }
      if (record != null && agrees(record, info, task)) {
        continue;
      }
      // Nobody may be able to tell it again.
      if (task != null && isLive(task) && isAnotherRun(record, task)) {
        TaskRead read = taskRead(task, asked.get(info.id()), askedAt);
        findings.add(info.id(), new Listed(read, info.createdAt()), false);
      } else {
        findings.add(info.id(), record, task);
      }
    }
    unlisted.forEach(
        (id, record) -> {
          boolean mayLive = record.orphaned() && record.exit() == null;
          if (mayLive && taskOf.containsKey(id)) {
            return;
          }
          @Nullable TaskInfo task = taskOf.remove(id);
          if (task != null && isLive(task)) {
            findings.add(id, listed(task, asked.get(id), askedAt), true);
          }
          findings.add(id, record, task);
        });
    // Of a task whose container was deleted the list alone tells; one that has ended stays there.
    findings.orphans.addAll(taskOf.values());
    taskOf.forEach(
        (id, task) -> {
          @Nullable ContainerRecord record = asked.get(id);
          if (record == null && knownOrphans.contains(task)) {
            return;
          }
          @Nullable Event exit = Event.ofStopped(task);
          Observation seen = exit == null ? listed(task, record, askedAt) : exit;
          if (record == null || !runner.ask(record, seen).isNoop(record)) {
            findings.add(id, seen, true);
          }
        });
  }

  private static boolean isAnotherRun(@Nullable ContainerRecord record, TaskInfo task) {
    return task.pid() != 0 && (record == null || record.run().pid() != task.pid());
  }

  private static boolean isLive(TaskInfo task) {
    return switch (task.status()) {
      case CREATED, RUNNING, PAUSED -> true;
      case STOPPED, UNKNOWN -> false;
    };
  }

  private Listed listed(TaskInfo task, @Nullable ContainerRecord asked, Instant askedAt) {
    return new Listed(
        taskRead(task, asked, askedAt), asked == null ? null : asked.info().createdAt());
  }

  private TaskRead taskRead(TaskInfo task, @Nullable ContainerRecord asked, Instant askedAt) {
    Run run = asked == null ? None.NONE : asked.run();
    return calls.taskRead(task.id(), task, askedAt, run, new Inspect());
  }

  private boolean agrees(ContainerRecord record, ContainerInfo info, @Nullable TaskInfo task) {
    if (!info.equals(record.info()) || record.orphaned()) {
      return false;
    }
    if (task != null && record.run().pid() != 0 && isAnotherRun(record, task)) {
      return false;
    }
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

  /** The inspections of one pass: when one is answered, or failed, the next may start. */
  private CompletionStage<Integer> inspectAll(Findings found) {
    knownOrphans = found.orphans;
    int findings = (int) found.differing.stream().filter(differing -> !differing.known()).count();
    return SideBySide.forEach(loop, found.differing, window, this::inspect)
        .thenApply(ok -> findings);
  }

  private CompletionStage<@Nullable Void> inspect(Differing differing) {
    // A queue that is busy, maybe with a Delete that fails for ever, must not hold up the pass.
    boolean wait = !queue.isBusy(differing.id());
    CompletableFuture<@Nullable Void> answered = new CompletableFuture<>();
    dispatcher.inspect(differing.id(), differing.seen(), () -> answered.complete(null));
    return wait ? answered : CompletableFuture.completedStage(null);
  }
}
