package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.daemon.sync.simulation.LedgerRun.Phase;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Once everything is healed and had time, the store is as the node is. */
final class FinalRules {

  private FinalRules() {}

  /** What is wrong. */
  static Optional<String> check(World world, DaemonLife life, ChangeRules rules) {
    if (!life.sync.status().inSync()) {
      return Optional.of("not in sync: " + life.sync.status());
    }
    for (RecordView record : RecordView.all(life.store)) {
      if (world.ledger.last(record.id()) == null) {
        return Optional.of("a container that never was: " + record);
      }
    }
    for (ContainerId id : world.ledger.ids()) {
      LedgerContainer container = world.ledger.last(id);
      if (container != null) {
        RecordView record = RecordView.get(life.store, id);
        Exit exit = record == null ? null : record.exit();
        LedgerRun recorded = exit == null ? null : world.ledger.ended(id, exit);
        LedgerRun last = container.last();
        if ((recorded != null && rules.isOutOfOrder(recorded))
            || (last != null && rules.isOutOfOrder(last))) {
          continue;
        }
        String wrong = wrong(world, life, container, record);
        if (wrong != null) {
          return Optional.of(
              wrong + ": " + container + ", last run " + container.last() + ", record " + record);
        }
      }
    }
    return Optional.empty();
  }

  private static @Nullable String wrong(
      World world, DaemonLife life, LedgerContainer container, @Nullable RecordView record) {
    LedgerRun run = container.last();
    boolean alive = run != null && run.lives();
    if (!container.exists && !alive) {
      return record == null ? null : "removed, and still there";
    }
    if (record == null) {
      // Once containerd has restarted it does not list such a task, and we may have restarted, too.
      boolean told = run == null || run.listed || run.known;
      boolean outOfSight = run != null && world.isOutOfSight(run);
      return container.exists || (told && !outOfSight) ? "is missing" : null;
    }
    // The container was gone before anybody told of it: its events look like the one's before it.
    boolean untold = record.createdAt() == null || !container.announced;
    boolean madeFromEvents = untold && !container.exists;
    if (!madeFromEvents && !container.createdAt.equals(record.createdAt())) {
      return "another container's record";
    }
    if (record.pending() != null || record.cleanupPending()) {
      return "not brought to its end";
    }
    if (record.orphaned() == container.exists) {
      return record.orphaned() ? "its container exists" : "its container is gone";
    }
    if (run == null) {
      return record.state() == ContainerState.CREATED && record.pid() == 0 ? null : "never ran";
    }
    return switch (run.phase) {
      case CREATED ->
          record.state() == ContainerState.CREATED && record.pid() == run.pid ? null : "is created";
      case RUNNING, PAUSED -> {
        // Its container is gone, and with it whoever could tell.
        if (!container.exists && !run.startTold && record.state() == ContainerState.CREATED) {
          yield null;
        }
        boolean paused = run.phase == Phase.PAUSED;
        // Such events have no date, and may come in any order.
        boolean canBeAsked = container.exists || run.listed;
        yield record.state() == ContainerState.RUNNING
                && record.pid() == run.pid
                && (record.paused() == paused || !canBeAsked)
            ? null
            : paused ? "is paused" : "is running";
      }
      case ENDED -> wrongEnd(world, life, run, record);
    };
  }

  private static @Nullable String wrongEnd(
      World world, DaemonLife life, LedgerRun run, RecordView record) {
    if (record.pid() != 0 || record.state() == ContainerState.RUNNING) {
      return "has ended";
    }
    Exit exit = record.exit();
    boolean held = world.ledger.task(run.id()) == run && !run.shim.dead;
    if (held && life.mayDelete(run.id().namespace())) {
      return "its task is not deleted";
    }
    boolean remembered = run.container.criEnd == run && world.containerd.criLoaded;
    boolean nobodyTells = run.pid != 0 && !run.seenStarted && !run.told && !held;
    // Told before anybody told of its container, it was that of the one that had the id before.
    boolean isElsewhere = run.recorded && !run.container.createdAt.equals(run.recordedFor);
    // It may have been an earlier container's, by its date, and nothing else says whose it was.
    boolean hasNoOrder =
        !run.seenWhenTold
            && run.exitedAt != null
            && world.time.wasPassedTwice(run.exitedAt)
            && world.time.wasPassedTwice(run.container.createdAt);
    if (exit == null && (nobodyTells || isElsewhere || hasNoOrder)) {
      return null;
    }
    if (exit == null) {
      return run.exitedAt != null && (run.seen || held || remembered)
          ? run.pid == 0 ? "its failed start is missing" : "its end is missing"
          : null;
    }
    boolean unknown =
        exit.source() == ExitSource.UNKNOWN || (ChangeRules.isGuess(exit) && !run.endedAs(exit));
    if (unknown && (held || (remembered && !run.excused))) {
      return "its end is not unknown";
    }
    boolean ranOutOfMemory =
        run.outOfMemoryToldInLife == life.number && world.ledger.countRuns(run.id()) == 1;
    if (!unknown
        && !ChangeRules.isGuess(exit)
        && ranOutOfMemory
        && !exit.reason().equals(Exit.OOM_KILLED)) {
      return "its reason is not " + exit.reason();
    }
    if (!unknown && run.seen && run.exitedAt != null && !run.endedAs(exit)) {
      return "an earlier run's end";
    }
    return null;
  }
}
