package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.PastRun;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitStart;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadPastRun;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunUnknown;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What it means that the runtime has no task: who may still know how the run ended. */
record TaskAbsence(ContainerRecord now, Context context) {

  private Exits exits() {
    return new Exits(now, context);
  }

  private Deletion deletion() {
    return new Deletion(now, context);
  }

  private boolean isStale(Run asked) {
    return context.has(Safeguard.STALENESS_CHECK) && !asked.equals(now.run());
  }

  /** The runtime has no task. */
  Step gone(TaskGone gone) {
    if (isStale(gone.asked())) {
      return ask(gone.cause());
    }
    Exited reported = Exits.exitOf(gone.cause());
    return switch (now.run()) {
      case Ending ending when isOfLaterRun(gone.cause()) ->
          Step.of(now.withRun(Deletion.recorded(ending, false)), new Continue(gone.cause()));
      case Ended _ when reported != null && isOfLaterRun(gone.cause()) ->
          goneUnseen(reported, gone.cause());
      // Read because more waits: that may be the next task, which a Delete would destroy.
      case Ending ending ->
          gone.cause() instanceof DeleteDue
              ? Step.of(now.withRun(Deletion.recorded(ending, false)))
              : deletion().resume(ending, gone.cause());
      case Ended ended when ended.cleanupPending() ->
          context.deletes() && !(gone.cause() instanceof DeleteDue)
              ? deletion().resumeCleanup(ended, gone.cause())
              : Step.of(deletion().cleaned(ended));
      case Live live when reported == null && isOfLaterRun(gone.cause()) ->
          WithRecord.awaitExit(now, live, gone, context);
      case Live live -> reported == null ? endUnknown(gone) : gone(live, reported, gone);
      case None _, Ended _ when reported != null -> goneUnseen(reported, gone.cause());
      case None _, Ended _ when isOfLaterRun(gone.cause()) -> begun(gone.cause());
      case None _ -> isOfCri() ? Step.of(now, new ReadPastRun(now.run(), true)) : Step.of(now);
      case Ended _ -> Step.of(now);
    };
  }

  /** The task is gone, and an exit was reported that is not for certain the recorded run's. */
  private Step gone(Live live, Exited reported, TaskGone gone) {
    boolean own =
        reported.fromDeadShim()
            ? exits().isOfLaterRun(reported.exit())
            : reported.pid() == live.pid();
    if (own) {
      return exits().end(live, exits().judged(reported));
    }
    return !reported.fromDeadShim() && exits().isOfLaterRun(reported.exit())
        ? WithRecord.awaitExit(now, live, gone, context)
        : endUnknown(gone);
  }

  /** Its exit was reported meanwhile, or it was not and then will not be. */
  Step awaited(TaskGone gone, boolean reported) {
    if (!isOfLaterRun(gone.cause())) {
      return reported ? Step.of(now) : Step.of(now, new ReadPastRun(now.run(), true));
    }
    return reported || !(now.run() instanceof Live live)
        ? Step.of(now, new Continue(gone.cause()))
        : Step.of(exits().unseen(live), new Continue(gone.cause()));
  }

  /** A run that came and went, and of which only the exit is known. */
  private Step goneUnseen(Exited reported, Observation cause) {
    boolean sentinel = ContainerEvent.isSentinel(reported.pid());
    boolean given = now.run() instanceof None none && Exits.isOf(none, reported);
    boolean recorded =
        now.run() instanceof Ended ended && (sentinel || reported.pid() == ended.pid());
    if (recorded || (!given && !exits().isOfLaterRun(reported.exit()))) {
      return exits().confirmed(cause);
    }
    if (sentinel) {
      return Step.of(
          now.withRun(new Ended(0, null, exits().refined(exits().judged(reported)), false)));
    }
    return Step.of(now.withRun(new Created(reported.pid(), null)), new Continue(cause));
  }

  /** A run that was started, and whose task cannot be read: its container may be gone. */
  private Step begun(Observation event) {
    ContainerRecord begun =
        switch (event) {
          case Event(TaskCreated created) ->
              now.withRun(new Created(created.pid(), created.at())).withBundle(created.bundle());
          case Event(TaskStarted started) ->
              now.withRun(new Running(started.pid(), null, started.at(), false));
          default -> now;
        };
    return Step.of(begun, new Continue(new TaskGone(begun.run(), new Observation.Inspect())));
  }

  /** Whether an event is of a run that came after the one that is recorded. */
  boolean isOfLaterRun(Observation seen) {
    Exited exited = Exits.exitOf(seen);
    if (exited != null) {
      return isOfLaterRun(exited.pid(), exited.exit().exitedAt());
    }
    return switch (seen) {
      case Event(TaskCreated created) -> isOfLaterRun(created.pid(), created.at());
      case Event(TaskStarted started) -> isOfLaterRun(started.pid(), started.at());
      default -> false;
    };
  }

  private boolean isOfLaterRun(long pid, Instant at) {
    return !ContainerEvent.isSentinel(pid)
        && pid != now.run().lastPid()
        && exits().isOfLaterRun(at);
  }

  /**
   * A task whose container was deleted cannot be read either, and its process may live: the kernel
   * says so.
   */
  private Step endUnknown(TaskGone gone) {
    return now.run().pid() == 0 ? ended(gone) : Step.of(now, new ReadProcess(now.run(), gone));
  }

  /** Who may remember is asked; then its exit is given the time to be reported. */
  Step ended(TaskGone gone) {
    return isOfCri()
        ? Step.of(now, new ReadPastRun(now.run(), false))
        : WithRecord.awaitExit(now, now.run(), gone, context);
  }

  private boolean isOfCri() {
    return now.info().isSandbox() || !now.info().criMetadata().isEmpty();
  }

  Step startDue(StartDue due) {
    // An inspection asks about one without a run itself.
    boolean asked = due.equals(StartDue.AFTER_INSPECTION) && now.run() instanceof None;
    if (asked || !LifeCycle.pluginMayKnowBetter(now)) {
      return Step.of(now);
    }
    Step step = Step.of(now, new ReadPastRun(now.run(), true));
    int next = due.attempt() + 1;
    return next < AwaitStart.MAX_ATTEMPTS ? step.and(new AwaitStart(next)) : step;
  }

  /**
   * The CRI plugin runs a container once: its answer is of whichever run is recorded by now. But
   * that it was never started says nothing of one that has started since it was asked.
   */
  Step pastRun(PastRunRead read) {
    PastRun past = read.past();
    Exit exit = exits().refined(past.exit());
    return switch (now.run()) {
      case Live live
          when read.asked().startedAt() == null
              && live.startedAt() != null
              && past.startedAt() == null ->
          Step.of(now);
      case Live live -> exits().end((Live) startedAtIfUnknown(live, past.startedAt()), exit);
      case None _ -> Step.of(now.withRun(new Ended(0, past.startedAt(), exit, false)));
      case Ended ended when ended.exit().isUnseen() ->
          Step.of(
              now.withRun(new Ended(ended.pid(), ended.startedAt(), exit, ended.cleanupPending())));
      case Ended ended when ended.startedAt() == null -> endedUnstarted(ended, past);
      case Ending _, Ended _ -> Step.of(now);
    };
  }

  /** The end of a process that never ran the container's program is not the container's end. */
  private Step endedUnstarted(Ended ended, PastRun past) {
    boolean failedToStart =
        past.startedAt() == null && past.exit().reason().equals(Exit.START_ERROR);
    return Step.of(
        now.withRun(
            new Ended(
                ended.pid(),
                past.startedAt(),
                failedToStart ? past.exit() : ended.exit(),
                ended.cleanupPending())));
  }

  private static Run startedAtIfUnknown(Live live, @Nullable Instant at) {
    return at == null || live.startedAt() != null ? live : TaskEvents.startedAt(live, at);
  }

  Step pastRunUnknown(PastRunUnknown unknown) {
    if (!unknown.asked().isStillLive(now.run()) || !(now.run() instanceof Live live)) {
      return Step.of(now);
    }
    if (!unknown.waited()) {
      return WithRecord.awaitExit(
          now, live, new TaskGone(live, new Observation.Inspect()), context);
    }
    return live instanceof Created
        ? Step.of(exits().unseen(live))
        : exits().end(live, Exit.unseen(context.now()));
  }

  private Step ask(Observation seen) {
    return Step.of(now, new ReadTask(now.run(), seen));
  }
}
