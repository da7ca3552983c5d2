package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.daemon.sync.SyncSettings;
import io.statebridge.store.Change;
import io.statebridge.store.ContainerStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What one change of a record may do, given what really happened until then. */
final class ChangeRules {

  /** Which run a record is about, and how far it ever came. */
  private static final class Track {
    @Nullable LedgerRun run;
    int order = -1;
    int creation = -1;
    int removedCreation = -1;
  }

  /** So long an exit may be under way. */
  private static final long LATE_NANOS = SyncSettings.DEFAULTS.lateness().toNanos();

  private final World world;
  private final Oracle oracle;
  private final Map<ContainerId, Track> tracks = new HashMap<>();

  /** Whose ends were recorded as unknown, by what was recorded. */
  private final Map<String, LedgerRun> unknownEnds = new HashMap<>();

  private int life;
  private long lifeBeganNanos;

  ChangeRules(World world, Oracle oracle) {
    this.world = world;
    this.oracle = oracle;
  }

  void begin(int number, List<RecordView> restored) {
    life = number;
    lifeBeganNanos = world.time.nowNanos();
    tracks.clear();
    for (RecordView record : restored) {
      Track track = track(record.id());
      LedgerContainer container = world.ledger.created(record.id(), record.createdAt());
      track.creation = container == null ? -1 : container.creation;
      if (container != null) {
        container.announced = true;
      }
      LedgerRun run = runOf(record, null);
      follow(track, run, record);
      if (run != null) {
        run.known = true;
        if (record.exit() != null && run.endedAs(record.exit())) {
          run.recordedInLife = life;
        }
      }
    }
  }

  private Track track(ContainerId id) {
    return tracks.computeIfAbsent(id, i -> new Track());
  }

  private void follow(Track track, @Nullable LedgerRun run, RecordView record) {
    track.run = run;
    if (run != null) {
      if (!run.seen) {
        run.seenSinceNanos = world.time.nowNanos();
      }
      run.seenStarted |= record.startedAt() != null;
      track.order = Math.max(track.order, run.order);
      // One made from events alone does not say which of the containers of its id it is.
      run.seen |= record.createdAt() != null;
    }
  }

  /** Whether a record has gone on to a later run, or went with its container. */
  boolean isPast(LedgerRun run) {
    Track track = track(run.id());
    return track.order > run.order
        || track.creation > run.container.creation
        || track.removedCreation >= run.container.creation;
  }

  void check(ContainerStore store, Change change) {
    RecordView before = RecordView.before(change);
    RecordView after = RecordView.after(change);
    Track track = track(change.id());
    world.trace.add("store", after == null ? "removed " : "", after == null ? before : after);
    if (after != null) {
      LedgerRun run = runOf(after, before);
      checkRecord(after, before, track, run);
      follow(track, run, after);
    } else if (before != null) {
      checkRemoval(store, before, track);
      track.run = null;
    }
  }

  private @Nullable LedgerRun runOf(RecordView record, @Nullable RecordView before) {
    Exit exit = record.knownExit();
    if (exit != null) {
      LedgerRun ended = world.ledger.ended(record.id(), exit);
      LedgerRun was = before != null && before.knownExit() == null ? runOf(before, null) : null;
      if (ended == null && was != null) {
        unknownEnds.put(record.id() + RecordView.shown(exit), was);
      }
      return ended != null ? ended : unknownEnds.get(record.id() + RecordView.shown(exit));
    }
    return world.ledger.withPid(record.id(), record.pid());
  }

  private void checkRecord(
      RecordView after, @Nullable RecordView before, Track track, @Nullable LedgerRun run) {
    if (after.createdAt() == null) {
      // Made from events: the container was gone before it could be read.
      if (run != null) {
        track.creation = Math.max(track.creation, run.container.creation);
      }
      checkStart(after, run);
      checkExit(after, before, run);
      return;
    }
    LedgerContainer container = world.ledger.created(after.id(), after.createdAt());
    if (container != null && container.exists && after.orphaned()) {
      oracle.violated("orphaned", "its container exists: " + after);
    }
    if (container == null) {
      oracle.violated("identity", "no container was created then: " + after);
      return;
    }
    if (container.creation < track.creation) {
      oracle.violated("undone", "back to a container that was removed: " + after);
    }
    if (before == null && container.creation <= track.removedCreation) {
      oracle.violated("undone", "is back although its container was removed: " + after);
    }
    boolean newContainer = container.creation > track.creation;
    track.creation = Math.max(track.creation, container.creation);
    if (run != null && run.order < track.order && !isOutOfOrder(run)) {
      oracle.violated("undone", "back to an earlier run: " + after + " is " + run);
    }
    boolean newRun = newContainer || (run != null && run.order > track.order);
    // What is told of a container of which nobody else told looks like the one before of its id.
    if (run != null
        && run != track.run
        && run.container != container
        && run.container.announced
        && !isOutOfOrder(run)) {
      oracle.violated("identity", "another container's run: " + after + " is " + run);
    }
    // containerd names no process when it makes an end up.
    boolean guessed = after.knownExit() != null && isGuess(after.knownExit());
    if (after.pid() != 0 && !guessed && (run == null || run.pid != after.pid())) {
      oracle.violated("pid", "not the process of this run: " + after + " is " + run);
    }
    checkStart(after, run);
    checkExit(after, before, run);
    if (before != null && !newRun && (run == null || !isOutOfOrder(run))) {
      checkSameRun(before, after);
    }
  }

  /** By its dates it was a later run, and this life did not see that the clock was set back. */
  boolean isOutOfOrder(LedgerRun run) {
    return world.time.wentBackBetween(run.createdNanos, lifeBeganNanos);
  }

  private void checkStart(RecordView after, @Nullable LedgerRun run) {
    if (after.startedAt() == null) {
      return;
    }
    if (run != null && !run.started()) {
      oracle.violated("start", "was never started: " + after);
    }
    if (after.exit() != null && after.startedAt().isAfter(after.exit().exitedAt())) {
      oracle.violated("start", "started after its end: " + after);
    }
  }

  private void checkExit(RecordView after, @Nullable RecordView before, @Nullable LedgerRun run) {
    Exit exit = after.knownExit();
    if (exit == null) {
      return;
    }
    boolean isNew = before == null || !sameEnd(exit, before.exit());
    if (exit.source() == ExitSource.UNKNOWN) {
      if (isNew && before != null) {
        checkUnknown(after, run);
      }
      return;
    }
    boolean known = run != null && run.endedAs(exit);
    checkReason(after, exit, run);
    if (!known && !(isGuess(exit) && run != null && run.shim.dead)) {
      oracle.violated("exit", "no run of this container ended so: " + after);
    }
    if (run != null && known && after.exit() != null && isNew) {
      // A task without a container stays in the list, longer than its record is kept.
      boolean listedForEver = after.createdAt() == null && exit.source() == ExitSource.LISTED;
      // What was taken for the end of the one before its container is recorded for that one then.
      boolean sameContainer = Objects.equals(run.recordedFor, after.createdAt());
      if (run.recordedInLife == life && sameContainer && !listedForEver && !isOutOfOrder(run)) {
        oracle.violated("twice", "the end of one run, recorded again: " + after);
      }
      run.recorded = true;
      run.recordedInLife = life;
      run.recordedFor = after.createdAt();
    }
  }

  /** Such an event does not say of which of the runs under an id it is. */
  private void checkReason(RecordView after, Exit exit, @Nullable LedgerRun run) {
    boolean ranOut =
        world.ledger.of(after.id()).stream()
            .flatMap(container -> container.runs.stream())
            .anyMatch(any -> any.outOfMemory);
    if (exit.reason().equals(Exit.OOM_KILLED) && !ranOut) {
      oracle.violated("reason", "no run of this id ran out of memory: " + after);
    }
    if (exit.reason().equals(Exit.START_ERROR) && run != null && run.started()) {
      oracle.violated("reason", "it was started: " + after);
    }
  }

  private void checkUnknown(RecordView after, @Nullable LedgerRun run) {
    if (run == null) {
      oracle.violated("unknown", "an end of no run: " + after);
    } else if (world.isOutOfSight(run)) {
      run.excused = true;
    } else if (run.lives() && !run.shim.dead) {
      oracle.violated("alive", "called ended, and its process lives: " + after);
    } else if (run.exitedAt != null
        && !run.shim.dead
        && world.time.nowNanos() - run.endedNanos < LATE_NANOS) {
      oracle.violated(
          "hasty", "called unknown before its exit could be told: " + after + " is " + run);
    } else if (run.listed
        && run.container.exists
        && !run.shim.dead
        && run == world.ledger.task(run.id())) {
      oracle.violated("unknown", "containerd still has the exit: " + after + " is " + run);
    }
  }

  private void checkSameRun(RecordView before, RecordView after) {
    if (before.exit() != null && after.exit() == null) {
      oracle.violated("undone", "left EXITED without a new run: " + before + " became " + after);
    }
    Exit was = before.knownExit();
    Exit is = after.knownExit();
    if (was != null && is == null) {
      oracle.violated("undone", "an exit was known: " + before + " became " + after);
    }
    if (was != null && is != null && !sameEnd(was, is) && !mayGiveWay(before, was)) {
      oracle.violated("first", "the first exit wins: " + before + " became " + after);
    }
  }

  private boolean mayGiveWay(RecordView record, Exit exit) {
    LedgerRun run = runOf(record, null);
    boolean madeUp =
        run != null && run.fabricated != null && exit.exitedAt().equals(run.fabricated.exitedAt());
    return exit.source() == ExitSource.UNKNOWN || isGuess(exit) || madeUp;
  }

  private void checkRemoval(ContainerStore store, RecordView before, Track track) {
    LedgerContainer container = world.ledger.created(before.id(), before.createdAt());
    if (container == null) {
      track.removedCreation = Math.max(track.removedCreation, track.creation);
      return;
    }
    track.removedCreation = Math.max(track.removedCreation, container.creation);
    if (container.exists) {
      oracle.violated("removed", "the container exists: " + before);
    }
    LedgerRun run = track.run;
    if (run != null && run.lives() && !run.shim.dead && !world.isOutOfSight(run)) {
      oracle.violated("orphan", "removed while its process lives: " + before);
    }
    if (before.exit() == null && (before.pid() != 0 || before.pending() != null)) {
      oracle.violated("removed", "before its end was told: " + before);
    }
    RecordView kept = RecordView.getOrRemoved(store, before.id());
    boolean anew = RecordView.get(store, before.id()) != null;
    if (before.exit() != null
        && !anew
        && (kept == null || kept.exit() == null || !sameEnd(before.exit(), kept.exit()))) {
      oracle.violated("removed", "its end is not kept: " + before);
    }
  }

  private static boolean sameEnd(Exit one, @Nullable Exit other) {
    return other != null
        && one.code() == other.code()
        && one.exitedAt().equals(other.exitedAt())
        && (one.source() == ExitSource.UNKNOWN) == (other.source() == ExitSource.UNKNOWN);
  }

  static boolean isGuess(Exit exit) {
    return exit.message().contains("shim died");
  }
}
