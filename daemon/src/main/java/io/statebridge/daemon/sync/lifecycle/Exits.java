package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.Dismiss;
import io.statebridge.daemon.sync.lifecycle.Effect.FinalizeLater;
import io.statebridge.daemon.sync.lifecycle.Effect.Kind;
import io.statebridge.daemon.sync.lifecycle.Effect.NoteOutOfMemory;
import io.statebridge.daemon.sync.lifecycle.Effect.PrepareDelete;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
import io.statebridge.daemon.sync.lifecycle.Observation.Doubtful;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How a run ends: whose exit it is, and what is recorded of it. */
record Exits(ContainerRecord now, Context context) {

  /** What containerd says of a container whose shim died (or 255): the end that it then gave it. */
  private static final int KILLED = 137;

  /**
   * The date of a task that no event and not the kernel told is when it was asked for, and that may
   * be later than its exit by as long as an answer takes. A pid is not used again that soon.
   */
  private static final Duration INEXACT = Duration.ofSeconds(10);

  private static final String GUESSED =
      "the shim died; the exit code is containerd's guess, nobody saw the real one";

  /** A process ended. Is it the init process of this run? */
  Step exited(Exited event, Observation seen) {
    if (!event.ofInitProcess()) {
      return Step.of(now, new Dismiss(Kind.EXEC_EXIT, seen));
    }
    return switch (now.run()) {
      // The task that was given up for gone without an end.
      case None none when isOf(none, event) && !isBefore(event, none.lastCreatedAt()) ->
          end(new Created(event.pid(), none.lastCreatedAt()), judged(event));
      case None _ -> ask(seen);
      case Live live -> isOf(live, event) ? end(live, judged(event)) : ask(seen);
      case Ending ending -> {
        Exit exit = ending.pending().exit();
        yield isOf(ending.live(), event) && givesWay(exit, event)
            ? Step.of(now.withRun(with(ending, refined(judged(event)))), readTask(seen))
            : ask(seen);
      }
      case Ended ended -> exitedAgain(ended, event, seen);
    };
  }

  /** Whether an exit is that of the task that was given up for gone without an end. */
  static boolean isOf(None none, Exited event) {
    return none.lastPid() == event.pid() && !ContainerEvent.isSentinel(event.pid());
  }

  /** An exit after the one that is recorded: the same again, or another run's. */
  private Step exitedAgain(Ended ended, Exited event, Observation seen) {
    boolean dead = event.fromDeadShim();
    boolean same = dead || isOf(ended, event.pid(), event.exit());
    if (!same) {
      return ask(seen);
    }
    if (!dead && givesWay(ended.exit(), event)) {
      Exit exit = refined(judged(event));
      return Step.of(
          now.withRun(new Ended(ended.pid(), ended.startedAt(), exit, ended.cleanupPending())));
    }
    return ended.cleanupPending() ? ask(seen) : confirmed(seen);
  }

  private boolean givesWay(Exit known, Exited event) {
    return (known.isUnseen() && context.has(Safeguard.UNKNOWN_GIVES_WAY) && !event.fromDeadShim())
        || !context.has(Safeguard.FIRST_EXIT_WINS);
  }

  /**
   * Whether an exit is that of the run that lives. Who waited for this run's end speaks of this
   * run. An event's pid may be an earlier run's, too, if it is dated before this one.
   */
  private boolean isOf(Live live, Exited event) {
    ExitSource source = event.exit().source();
    boolean waited = source != ExitSource.EVENT && source != ExitSource.LISTED;
    return switch (live) {
      case WithoutProcess _ -> waited;
      case Created created ->
          event.pid() == live.pid() && (waited || !isBefore(event, created.taskCreatedAt()));
      case Running running ->
          event.pid() == live.pid() && (waited || !isBefore(event, running.taskCreatedAt()));
    };
  }

  private boolean isBefore(Exited event, @Nullable Instant created) {
    return created != null
        && context.clock().isBefore(event.exit().exitedAt().plus(INEXACT), created);
  }

  /** Whether an event reports the end of the run that lives, whatever else is not known. */
  boolean isOwnExit(Observation seen) {
    Exited exited = exitOf(seen);
    return exited != null
        && exited.pid() == now.run().lastPid()
        && !ContainerEvent.isSentinel(exited.pid());
  }

  /** The same of a run that has ended; where its pid is unknown, by the time. */
  private static boolean isOf(Ended ended, long pid, Exit exit) {
    return ended.pid() == 0
        ? !exit.exitedAt().isAfter(ended.exit().exitedAt())
        : pid == ended.pid();
  }

  /** Whether two runs are both gone and this exit is of the later one. */
  boolean isOfLaterRun(Exit exit) {
    return isOfLaterRun(exit.exitedAt());
  }

  /** The same of anything else that is known of a run. */
  boolean isOfLaterRun(Instant at) {
    Instant known = lastKnown();
    if (known == null) {
      return true;
    }
    boolean nothingRan = known.equals(now.info().createdAt());
    return context.clock().tellsOrder(known, at)
        && (nothingRan ? !at.isBefore(known) : at.isAfter(known));
  }

  /** The latest date that is known of the run that is recorded; null if none is. */
  @Nullable Instant lastKnown() {
    return switch (now.run()) {
      case None none ->
          none.lastCreatedAt() == null ? now.info().createdAt() : none.lastCreatedAt();
      case Created created -> created.taskCreatedAt();
      case Running running -> running.startedAt();
      case WithoutProcess running -> running.startedAt();
      case Ending ending -> ending.pending().exit().exitedAt();
      case Ended ended -> ended.exit().isUnseen() ? ended.startedAt() : ended.exit().exitedAt();
    };
  }

  static boolean isExit(Observation seen) {
    return exitOf(seen) != null;
  }

  /** The exit of an init process that an event reports. */
  static @Nullable Exited exitOf(Observation seen) {
    return seen instanceof Event event ? event.exit() : null;
  }

  /** The event alone is no proof: the runtime decides. */
  private Step ask(Observation seen) {
    return context.has(Safeguard.CONFIRM_BY_GET)
        ? Step.of(now, readTask(seen))
        : Step.of(now, new Continue(new TaskGone(now.run(), seen)));
  }

  /**
   * What an event is held against: the container, for another may have the id by now, then its
   * task.
   */
  static Effect readTask(Observation seen) {
    return new ReadContainer(new Doubtful(seen));
  }

  /** Whether an exit is that of a record's run, which has ended; of an unknown pid by its time. */
  static boolean isEndOf(ContainerRecord record, long pid, Exit exit) {
    return record.run() instanceof Ended ended
        && (ended.pid() == pid || ended.exit().exitedAt().equals(exit.exitedAt()));
  }

  Step confirmed(Observation seen) {
    return Step.of(now, new Dismiss(Kind.CONFIRMED_EXIT, seen));
  }

  /** A shim that is gone cannot have told the code: containerd made it up. */
  Exit judged(Exited event) {
    Exit exit = event.exit();
    boolean guessable = exit.code() == KILLED || exit.code() == Exit.UNKNOWN_CODE;
    boolean guessed =
        event.fromDeadShim()
            || (guessable
                && exit.source() != ExitSource.SHIM
                && (context.shimLost() || isMadeUp(exit)));
    return guessed ? exit.withMessage(GUESSED) : exit;
  }

  /** The events of a made-up end have one date; the first has no pid, the second has. */
  private boolean isMadeUp(Exit exit) {
    return context
        .exits()
        .anyMatch(
            waiting -> waiting.fromDeadShim() && waiting.exit().exitedAt().equals(exit.exitedAt()));
  }

  /** With the reason that was noted of the run. */
  Exit refined(Exit exit) {
    return context.outOfMemory() && !exit.isUnseen() ? exit.withReason(Exit.OOM_KILLED) : exit;
  }

  /** The run ended: it is recorded, after its task is deleted where that is ours to do. */
  Step end(Live live, Exit reported) {
    Exit exit = refined(reported);
    if (!context.deletes()) {
      return Step.of(now.withRun(new Ended(live.pid(), live.startedAt(), exit, false)));
    }
    Ending ending = new Ending(live, PendingExit.of(exit, context.now()));
    return Step.of(
        now.withRun(ending), new FinalizeLater(context.now()), new PrepareDelete(ending));
  }

  /** The same of a run whose task somebody has deleted. */
  Step endDeleted(Live live, Exit reported) {
    return Step.of(now.withRun(new Ended(live.pid(), live.startedAt(), refined(reported), false)));
  }

  /** Nobody saw the run's end, if it ever was started. */
  ContainerRecord unseen(Live live) {
    return now.withRun(
        live instanceof Created created
            ? new None(created.pid(), created.taskCreatedAt())
            : new Ended(live.pid(), live.startedAt(), Exit.unseen(context.now()), false));
  }

  static Ending with(Ending ending, Exit exit) {
    return new Ending(ending.live(), ending.pending().withExit(exit));
  }

  /**
   * Somebody deleted the task; what the event says of its exit is the exit, if none came before.
   */
  Step taskDeleted(TaskDeleted event, Observation seen) {
    Exited exited = exitOf(seen);
    boolean dead = ContainerEvent.isSentinel(event.pid());
    return switch (now.run()) {
      case None _ -> exited == null ? Step.of(now) : ask(seen);
      case Live live when event.pid() != live.pid() || dead -> ask(seen);
      case Created created when exited == null ->
          Step.of(now.withRun(new None(created.pid(), created.taskCreatedAt())));
      case Live live -> exited == null ? ask(seen) : endDeleted(live, judged(exited));
      // A Delete that timed out is repeated until there is nothing left of the shim either.
      case Ending ending when event.pid() == ending.pid() && !dead ->
          Step.of(
              now.withRun(
                  Deletion.recorded(
                      ending, context.deletes() && ending.pending().deleteAttempts() > 0)));
      case Ending _ -> ask(seen);
      case Ended ended
          when isOf(ended, event.pid(), exited == null ? ended.exit() : exited.exit()) && !dead -> {
        Ended deleted = new Ended(ended.pid(), ended.startedAt(), ended.exit(), false);
        yield exited == null
            ? Step.of(now.withRun(deleted))
            : new Exits(now.withRun(deleted), context).exitedAgain(deleted, exited, seen);
      }
      case Ended ended -> exited == null ? Step.of(now) : exitedAgain(ended, exited, seen);
    };
  }

  /**
   * Changes nothing but the reason of an exit: of the one to come, or of the one that this belongs
   * to. The code never depends on it.
   */
  Step outOfMemory() {
    return switch (now.run()) {
      case None _, Live _ -> Step.of(now, new NoteOutOfMemory(now.run().lastPid()));
      case Ending ending ->
          Step.of(
              now.withRun(with(ending, ending.pending().exit().withReason(Exit.OOM_KILLED))),
              new NoteOutOfMemory(ending.pid()));
      case Ended ended when ended.exit().isUnseen() ->
          Step.of(now, new NoteOutOfMemory(ended.pid()));
      case Ended ended ->
          Step.of(
              now.withRun(
                  new Ended(
                      ended.pid(),
                      ended.startedAt(),
                      ended.exit().withReason(Exit.OOM_KILLED),
                      ended.cleanupPending())));
    };
  }
}
