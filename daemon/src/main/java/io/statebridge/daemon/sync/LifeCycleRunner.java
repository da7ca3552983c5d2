package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.Run;
import io.statebridge.daemon.sync.lifecycle.Context;
import io.statebridge.daemon.sync.lifecycle.Effect;
import io.statebridge.daemon.sync.lifecycle.Effect.AmendRemoved;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitExit;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitLateEvents;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitStart;
import io.statebridge.daemon.sync.lifecycle.Effect.Call;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.Dismiss;
import io.statebridge.daemon.sync.lifecycle.Effect.FinalizeLater;
import io.statebridge.daemon.sync.lifecycle.Effect.InspectUnknown;
import io.statebridge.daemon.sync.lifecycle.Effect.Later;
import io.statebridge.daemon.sync.lifecycle.Effect.NoteOutOfMemory;
import io.statebridge.daemon.sync.lifecycle.Effect.PrepareDelete;
import io.statebridge.daemon.sync.lifecycle.Effect.Report;
import io.statebridge.daemon.sync.lifecycle.Effect.ReportAgain;
import io.statebridge.daemon.sync.lifecycle.Effect.Retry;
import io.statebridge.daemon.sync.lifecycle.LifeCycle;
import io.statebridge.daemon.sync.lifecycle.Observation;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerGone;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerRead;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.ExitAwaited;
import io.statebridge.daemon.sync.lifecycle.Observation.FinalizeDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEvent;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEventsDue;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import io.statebridge.daemon.sync.lifecycle.Predecessors;
import io.statebridge.daemon.sync.lifecycle.Safeguard;
import io.statebridge.daemon.sync.lifecycle.Step;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the life cycle out: commits what a record becomes, and puts the questions that follow to
 * the runtime until there is none. It decides nothing itself.
 *
 * <p>{@link #work} is that of one observation, in its container's queue. {@link #observe} commits
 * at once, whatever the queue is doing. Loop only.
 */
final class LifeCycleRunner {

  private static final Logger log = LoggerFactory.getLogger(LifeCycleRunner.class);

  private final SyncLoop loop;
  private final WorkQueue queue;
  private final ContainerStore store;
  private final RuntimeCalls calls;
  private final Durability durability;
  private final DeletePolicy policy;
  private final DeleteThrottle throttle;
  private final Counters counters;
  private final SyncSettings settings;
  private final Predicate<ContainerId> shimLost;
  private final Set<ContainerId> unverified = new HashSet<>();

  private final Set<ContainerId> observing = new HashSet<>();

  private final ReportedExits reported = new ReportedExits();

  /** The last start of a task that waits in its container's queue. */
  private final Map<ContainerId, Event> starts = new HashMap<>();

  /** The last creation of a container that waits in its queue. */
  private final Map<ContainerId, Event> creations = new HashMap<>();

  private final ClockReader clocks;

  /**
   * @param shimLost whether a container's shim could not be reached when it was last tried
   */
  LifeCycleRunner(
      SyncLoop loop,
      WorkQueue queue,
      ContainerStore store,
      RuntimeCalls calls,
      Durability durability,
      DeletePolicy policy,
      Counters counters,
      SyncSettings settings,
      Predicate<ContainerId> shimLost) {
    this.loop = loop;
    this.queue = queue;
    this.store = store;
    this.calls = calls;
    this.durability = durability;
    this.policy = policy;
    this.throttle = new DeleteThrottle(loop);
    this.counters = counters;
    this.settings = settings;
    this.shimLost = shimLost;
    this.clocks = new ClockReader(loop);
  }

  void start() {
    clocks.start();
  }

  void stop() {
    clocks.stop();
  }

  /** Events were missed: whether a container is still the same is known once it was read. */
  void eventsWereMissed() {
    unverified.clear();
    store.snapshot().entries().forEach(entry -> unverified.add(entry.id()));
  }

  /** It was listed as another one than is recorded. */
  void unverify(ContainerId id) {
    unverified.add(id);
  }

  /**
   * A container was read, or listed as it is recorded.
   *
   * @return whether events were missed since it was read before
   */
  boolean verified(ContainerId id) {
    return unverified.remove(id);
  }

  /** Has an observation dealt with after all that waits in the container's queue. */
  void submit(ContainerId id, Observation seen) {
    queue.submit(id, work(id, seen, () -> {}));
  }

  /** The same of an event. */
  void submit(ContainerEvent.OfContainer event) {
    ContainerId id = event.id();
    Event seen = new Event(event);
    if (queue.isBusy(id)) {
      switch (event) {
        case ContainerCreated _ -> creations.put(id, seen);
        case TaskStarted _ -> {
          // Its exit is committed at once, too, and a run that was started is to be told as such.
          starts.put(id, seen);
          observe(id, seen);
        }
        default -> {}
      }
    }
    WorkItem work = work(id, seen, () -> {});
    boolean waits =
        queue.submit(
            id,
            () -> {
              forget(id, seen);
              return work.run();
            });
    if (!waits) {
      forget(id, seen);
    }
  }

  private void forget(ContainerId id, Event event) {
    starts.remove(id, event);
    creations.remove(id, event);
  }

  /**
   * All that follows from an observation.
   *
   * @param answered is run when the runtime has answered, or failed to: what then follows may take
   *     as long as a late exit or a Delete takes
   */
  WorkItem work(ContainerId id, Observation seen, Runnable answered) {
    return new Work(id, seen, answered);
  }

  /** Run again, it makes the call again that failed: what was answered before it still counts. */
  private final class Work implements WorkItem {
    private final ContainerId id;
    private final Observation seen;
    private final Runnable answered;
    private @Nullable Call failed;

    Work(ContainerId id, Observation seen, Runnable answered) {
      this.id = id;
      this.seen = seen;
      this.answered = answered;
    }

    @Override
    public CompletionStage<Void> run() {
      @Nullable Call again = failed;
      failed = null;
      return (again == null ? follow(seen) : make(again))
          .whenCompleteAsync((ok, failure) -> answered.run(), loop);
    }

    private CompletionStage<Void> follow(Observation from) {
      Call call = commit(id, from);
      while (call instanceof Continue(Observation next)) {
        call = commit(id, next);
      }
      if (call == null) {
        return CompletableFuture.completedStage(null);
      }
      if (call instanceof AwaitExit(Run asked, Observation cause) && !isStillLive(id, asked)) {
        return follow(new ExitAwaited(asked, cause));
      }
      if (call instanceof AwaitExit || call instanceof PrepareDelete) {
        answered.run();
      }
      return call instanceof PrepareDelete(Run asked) ? prepareDelete(id, asked) : make(call);
    }

    private CompletionStage<Void> make(Call call) {
      return calls
          .make(id, call)
          .whenCompleteAsync(
              (answer, failure) -> failed = failure == null || call instanceof Retry ? null : call,
              loop)
          .thenComposeAsync(this::follow, loop);
    }
  }

  /**
   * An exit was reported. It is committed as soon as it follows from the record, whatever the queue
   * is doing, and dealt with in its turn all the same.
   *
   * @param answered see {@link #work}
   */
  void report(ContainerId id, Event exit, Runnable answered) {
    report(id, exit, exit, answered);
  }

  /**
   * The same.
   *
   * @param seen what its turn is about
   */
  private void report(ContainerId id, Event exit, Observation seen, Runnable answered) {
    reported.add(id, exit);
    if (queue.isBusy(id)) {
      observe(id, exit);
    }
    WorkItem work = work(id, seen, answered);
    boolean waits =
        queue.submit(
            id, () -> takeTurn(id, exit, work).thenRunAsync(() -> reported.remove(id, exit), loop));
    if (!waits) {
      reported.remove(id, exit);
    }
  }

  private CompletionStage<Void> takeTurn(ContainerId id, Event exit, WorkItem work) {
    if (reported.isPast(exit, record(id))) {
      dismiss(id, new Dismiss(Effect.Kind.CONFIRMED_EXIT, exit));
      return CompletableFuture.completedStage(null);
    }
    return work.run();
  }

  /** The record went on: exits that were reported before may be its new run's. */
  private void observeReported(ContainerId id) {
    if (observing.add(id)) {
      @Nullable Event start = starts.get(id);
      if (start != null) {
        observe(id, start);
      }
      for (Event exit : reported.waiting(id)) {
        if (!reported.isPast(exit, record(id))) {
          observe(id, exit);
        }
      }
      observing.remove(id);
    }
  }

  /** Commits what follows from an observation for certain, at once. */
  void observe(ContainerId id, Observation seen) {
    @Nullable ContainerRecord now = record(id);
    if (!Objects.equals(LifeCycle.on(now, seen, context(id, now)).after(), now)) {
      commit(id, seen);
    }
  }

  /**
   * One question beside the queue, which a plugin that hangs would hold up otherwise. It is not
   * repeated when it fails, and its answer counts only if the record's run is still the same.
   */
  private void aside(ContainerId id, Observation seen) {
    @Nullable Call call = commit(id, seen);
    if (call != null) {
      calls
          .make(id, call)
          .whenCompleteAsync(
              (answer, failure) -> {
                if (failure == null) {
                  observe(id, answer);
                }
              },
              loop);
    }
  }

  /** What the record says to an observation, without any consequence. */
  Step ask(ContainerRecord now, Observation seen) {
    return LifeCycle.on(now, seen, context(now.id(), now));
  }

  private boolean isStillLive(ContainerId id, Run run) {
    @Nullable ContainerRecord now = record(id);
    return now != null && run.isStillLive(now.run());
  }

  private @Nullable ContainerRecord record(ContainerId id) {
    return store.get(id).map(Entry::record).orElse(null);
  }

  private Context context(ContainerId id, @Nullable ContainerRecord now) {
    return new Context(
        loop.now(),
        policy.deletes(id.namespace()),
        now != null && store.ranOutOfMemory(id, now.run().lastPid()),
        shimLost.test(id),
        queue.waiting(id),
        reported.waiting(id),
        creations.containsKey(id),
        unverified.contains(id),
        clocks.read(),
        new Predecessors(store.removedOf(id)),
        settings.without());
  }

  /** One step. Returns the call that is to be made next. */
  private @Nullable Call commit(ContainerId id, Observation seen) {
    loop.requireLoop();
    if (seen instanceof ContainerRead || seen instanceof ContainerGone) {
      verified(id);
    }
    @Nullable ContainerRecord now = record(id);
    Step step = LifeCycle.on(now, seen, context(id, now));
    write(id, now, step.after());
    account(id, now, step.after(), seen);
    @Nullable Call call = null;
    for (Effect effect : step.effects()) {
      switch (effect) {
        case Dismiss dismissed -> dismiss(id, dismissed);
        case FinalizeLater(Instant observedAt) ->
            loop.schedule(settings.finalizeAfter(), () -> observe(id, new FinalizeDue(observedAt)));
        case AwaitStart later ->
            loop.schedule(later.delay(), () -> aside(id, new StartDue(later.attempt())));
        case Later(Observation later) -> submit(id, later);
        case Report(ContainerEvent.OfContainer event) ->
            loop.execute(() -> report(id, new Event(event), () -> {}));
        case ReportAgain(ContainerEvent.OfContainer event) ->
            loop.schedule(
                settings.lateness(),
                () -> report(id, new Event(event), new LateEvent(event), () -> {}));
        case AwaitLateEvents _ ->
            loop.schedule(settings.lateness(), () -> submit(id, new LateEventsDue()));
        case InspectUnknown(ContainerId other) -> {
          if (store.get(other).isEmpty() && !queue.isBusy(other)) {
            submit(other, new Inspect());
          }
        }
        case NoteOutOfMemory(long pid) -> store.noteOutOfMemory(id, pid);
        case AmendRemoved(ContainerRecord removed) -> store.amendRemoved(removed);
        case Call next -> call = next;
      }
    }
    if (!Objects.equals(now, step.after())) {
      observeReported(id);
    }
    return call;
  }

  private void write(
      ContainerId id, @Nullable ContainerRecord now, @Nullable ContainerRecord after) {
    if (Objects.equals(now, after)) {
      return;
    }
    if (after == null) {
      store.delete(id);
    } else if (now == null) {
      store.create(after);
    } else {
      store.update(id, before -> after);
    }
    calls.recordChanged(id, after);
    if (after != null) {
      reported.committed(after);
    }
  }

  private void account(
      ContainerId id,
      @Nullable ContainerRecord now,
      @Nullable ContainerRecord after,
      Observation seen) {
    @Nullable Exit known = now == null ? null : now.exit();
    @Nullable Exit exit = after == null ? null : after.exit();
    if (exit != null && (known == null || !known.source().equals(exit.source()))) {
      counters.recorded(exit.source());
      log.debug("{}: exited with code {}, reported by {}", id, exit.code(), exit.source());
    }
    if (after != null && after.pendingExit() != null && (now == null || now.knownExit() == null)) {
      throttle.exitSeen();
    }
    if (seen instanceof FinalizeDue && exit != null && known == null) {
      log.warn(
          "{}: its task could not be deleted for {} s; recording the exit, Delete is retried",
          id,
          settings.finalizeAfter().toSeconds());
    }
  }

  private void dismiss(ContainerId id, Dismiss dismissed) {
    switch (dismissed.kind()) {
      case EXEC_EXIT -> counters.execExits.increment();
      case CONFIRMED_EXIT -> counters.confirmedExits.increment();
      case DROPPED_EXIT -> {
        counters.droppedExits.increment();
        log.warn(
            "{}: dropping an exit, neither we nor the runtime know the container: {}",
            id,
            dismissed.seen());
      }
      case OTHER_EXIT ->
          log.info("{}: ignoring the exit of another process, the task lives: {}", id, dismissed);
    }
  }

  /** With the task goes the last that the runtime knows of the exit: it must be ours by then. */
  private CompletionStage<Void> prepareDelete(ContainerId id, Run asked) {
    if (calls.runtimeIsAway()) {
      return RuntimeCalls.away();
    }
    Durability needed =
        settings.has(Safeguard.DURABLE_BEFORE_DELETE) ? durability : Durability.NONE;
    return needed
        .durable(store.get(id).map(Entry::revision).orElse(0L))
        .thenComposeAsync(
            ok -> throttle.call(work(id, new DeleteDue(asked, 0), () -> {})::run), loop);
  }
}
