package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.daemon.sync.simulation.RecordView.Saved;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.WatchCursor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holds the records against what really happened and against what the daemon was told. Knows
 * nothing of how the daemon decides.
 */
final class Oracle {

  /** After so long a Wait is open, whatever had to be tried again before. */
  private static final long WAITS_SINCE_NANOS = 15_000_000_000L;

  private static final int MOST_CALLS_A_SECOND = 1000;

  private final World world;
  private final ChangeRules rules;
  private final List<LedgerRun> toldNow = new ArrayList<>();
  private final List<Change> changes = new ArrayList<>();
  private long callsSecond;
  private int calls;
  private @Nullable DaemonLife life;
  private @Nullable WatchCursor cursor;
  private @Nullable Violation violation;

  Oracle(World world) {
    this.world = world;
    this.rules = new ChangeRules(world, this);
  }

  @Nullable Violation violation() {
    return violation;
  }

  void violated(String rule, String what) {
    if (violation == null) {
      violation = new Violation(rule, what, world.time.nowNanos());
      world.trace.add("ORACLE", violation);
    }
  }

  /** The daemon starts, with what the disk held. */
  void begin(DaemonLife started) {
    life = started;
    changes.clear();
    try {
      cursor = started.store.resume(started.store.revision(), () -> {});
    } catch (CompactedException e) {
      throw new IllegalStateException(e);
    }
    rules.begin(started.number, RecordView.all(started.store));
  }

  /** The daemon was killed: what it was told and had not on the disk, it does not know. */
  void crashed(Saved saved) {
    end();
    toldNow.clear();
    world.ledger.containers().forEach(container -> container.announced = false);
    for (LedgerRun run : world.ledger.runs()) {
      run.told &= saved.holds(run);
      run.known = false;
      run.startTold = false;
      run.announced = false;
      run.seen = false;
      run.seenStarted = false;
    }
  }

  /** A life is over, or all is. */
  void end() {
    if (life != null) {
      LogRules.check(life.store, changes).ifPresent(what -> violated("log", what));
    }
  }

  /** After each task of the loop. */
  void afterTask() {
    WatchCursor open = Objects.requireNonNull(cursor);
    try {
      for (Optional<Change> next = open.next(); next.isPresent(); next = open.next()) {
        changes.add(next.get());
        rules.check(Objects.requireNonNull(life).store, next.get());
      }
    } catch (CompactedException e) {
      violated("log", "the log overtook a cursor that was never behind: " + e.getMessage());
    }
  }

  /** When the loop has nothing more to do at this moment. */
  void afterInstant() {
    for (LedgerRun run : toldNow) {
      RecordView now = RecordView.get(Objects.requireNonNull(life).store, run.id());
      boolean hidden =
          now == null ? !run.recorded : now.pid() == run.pid && now.knownExit() == null;
      if (hidden) {
        violated("latency", "the exit was told and is not visible: " + run + ", record " + now);
      }
    }
    toldNow.clear();
  }

  void delivered(ContainerEvent event, @Nullable LedgerRun run) {
    if (run == null) {
      return;
    }
    switch (event) {
      case TaskCreated e -> announced(run);
      case TaskStarted e -> started(run);
      case Exited e -> exitEvent(run, e.pid(), e.exit(), true);
      case OutOfMemory e -> run.outOfMemoryToldInLife = Objects.requireNonNull(life).number;
      case TaskDeleted e -> {
        if (e.exit() != null) {
          exitEvent(run, e.pid(), e.exit(), false);
        }
      }
      default -> {}
    }
  }

  private void exitEvent(LedgerRun run, long pid, Exit exit, boolean atOnce) {
    boolean isTrue = exit.code() == run.code && exit.exitedAt().equals(run.exitedAt);
    if (!isTrue || pid != run.pid) {
      run.excused |= !run.told;
    } else if (atOnce) {
      toldNow(run, pid, "TaskExit");
    } else {
      told(run, "TaskDelete");
    }
  }

  /** Of a container that cannot be read it does not say that it is not the one before of its id. */
  private static void started(LedgerRun run) {
    run.known = true;
    run.startTold = true;
    run.announced |= run.container.creation == 0;
  }

  private static void announced(LedgerRun run) {
    run.known = true;
    run.announced = true;
  }

  /** The daemon learned that a task exists. */
  void knows(LedgerRun run, boolean started) {
    run.known = true;
    run.startTold |= started;
  }

  /** The daemon was told how a run ended by somebody who is to be heard at once. */
  void toldNow(LedgerRun run, long pid, String by) {
    RecordView record = RecordView.get(Objects.requireNonNull(life).store, run.id());
    if (record != null
        && record.pid() == pid
        && record.knownExit() == null
        && !isDatedBeforeItsTask(run)
        && run.container.createdAt.equals(record.createdAt())) {
      toldNow.add(run);
    }
    told(run, by);
  }

  /** The clock went back: it may be an earlier run's of the same pid, and the runtime is asked. */
  private static boolean isDatedBeforeItsTask(LedgerRun run) {
    return run.exitedAt != null && run.exitedAt.isBefore(run.createdAt);
  }

  /** The daemon was told how a run ended. */
  void told(LedgerRun run, String by) {
    if (run.exitedAt == null || run.told || rules.isPast(run)) {
      return;
    }
    RecordView record = RecordView.get(Objects.requireNonNull(life).store, run.id());
    if (record == null && !run.announced && !run.container.exists) {
      return;
    }
    run.told = true;
    run.seenWhenTold = run.seen;
    run.toldBy = by + " at " + Trace.shown(world.time.nowNanos()).strip();
  }

  /** A wait for the end of a process did not work; being told of it is luck from now on. */
  void waitFailed(ContainerId id, long pid) {
    LedgerRun run = world.ledger.withPid(id, pid);
    if (run != null) {
      run.waitFailed = true;
    }
  }

  /**
   * A process ended, and its shim would tell whoever waits there: the daemon must have done so for
   * long, if it knew of the process and waits at shims at all.
   */
  void couldBeAsked(LedgerRun run) {
    DaemonLife now = Objects.requireNonNull(life);
    RecordView record = RecordView.get(now.store, run.id());
    if (world.schedule.shimWaits()
        && !now.dead()
        && !run.waitFailed
        && run.seen
        && world.time.nowNanos() - run.seenSinceNanos > WAITS_SINCE_NANOS
        && record != null
        && record.pid() == run.pid
        && record.knownExit() == null) {
      told(run, "nobody, but its shim could be asked");
    }
  }

  /** A subscription is registered at containerd. */
  void registered(DaemonLife by) {
    SyncStatus.Phase phase = by.sync.status().phase();
    if (phase == SyncStatus.Phase.LIVE || phase == SyncStatus.Phase.RECONCILING) {
      violated("probe", "the subscription is registered only now, and trusted already");
    }
  }

  /** The daemon makes a call: whatever happens, it does so at a bounded rate. */
  void called(String what) {
    long second = world.time.nowNanos() / 1_000_000_000;
    if (second != callsSecond) {
      callsSecond = second;
      calls = 0;
    }
    calls++;
    if (calls > MOST_CALLS_A_SECOND) {
      violated("busy", "calls without end: " + what);
    }
  }

  /** We call Delete; returns the latest task of the container that the daemon knows of. */
  @Nullable LedgerRun deleteCalled(DaemonLife by, ContainerId id) {
    world.trace.add("call", "deleteTask " + id);
    if (!by.mayDelete(id.namespace())) {
      violated("policy", "Delete of " + id + " in a namespace in which we do not delete");
    }
    LedgerRun task = world.ledger.task(id);
    RecordView record = RecordView.get(by.store, id);
    Exit known = record == null ? null : record.knownExit();
    if (task != null
        && known != null
        && task.endedAs(known)
        && !world.disk.saved.holds(task)
        && !by.checkpoint.degraded()) {
      violated("durable", "Delete of a task whose exit is not on the disk: " + task);
    }
    return task != null && task.known ? task : null;
  }

  /** Our Delete hits a task that was not started yet. */
  void destroyed(LedgerRun run, @Nullable LedgerRun knownThen) {
    if (run.equals(knownThen)) {
      violated("destroyed", "Delete destroys a task that is not started yet: " + run);
    }
  }

  /**
   * The clock went back, and no record was about this run when its end was told: by its date it
   * ended before its container was created, or before the run before it did, and nothing else says
   * which of them it was.
   */
  private boolean isOutOfOrder(LedgerRun run) {
    Instant exitedAt = run.exitedAt;
    if (run.seenWhenTold || exitedAt == null) {
      return false;
    }
    return world.time.wentBackSince(run.createdNanos)
        || exitedAt.isBefore(run.container.createdAt)
        || run.container.runs.stream()
            .filter(earlier -> earlier.order < run.order)
            .anyMatch(
                earlier ->
                    exitedAt.isBefore(earlier.createdAt)
                        || (earlier.exitedAt != null && exitedAt.isBefore(earlier.exitedAt)));
  }

  /** Everything is healed and had time. */
  void atTheEnd() {
    DaemonLife last = Objects.requireNonNull(life);
    FinalRules.check(world, last, rules).ifPresent(what -> violated("final", what));
    for (LedgerRun run : world.ledger.runs()) {
      // Gone before it could be read, and its events tell nothing, or another has its id by now.
      boolean lostBeforeAsked =
          !run.seen
              && !run.container.exists
              && (!run.announced
                  || world.ledger.last(run.id()) != run.container
                  || run.container.runs.size() > 1);
      // What is amended once the record is removed is in no watch, and so in no change.
      boolean recorded = run.recorded || RecordView.removedAs(last.store, run);
      boolean outOfOrder = isOutOfOrder(run) || rules.isOutOfOrder(run);
      if (run.told && !recorded && !run.excused && !lostBeforeAsked && !outOfOrder) {
        RecordView record = RecordView.getOrRemoved(last.store, run.id());
        violated(
            "lost", "told by " + run.toldBy + ", never recorded: " + run + ", record " + record);
      }
    }
    end();
  }
}
