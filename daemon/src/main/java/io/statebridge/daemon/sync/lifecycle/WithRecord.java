package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerEvent.TaskResumed;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitExit;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitLateEvents;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.InspectLater;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadPastRun;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerGone;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerRead;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteFailed;
import io.statebridge.daemon.sync.lifecycle.Observation.Deleted;
import io.statebridge.daemon.sync.lifecycle.Observation.Doubtful;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.ExitAwaited;
import io.statebridge.daemon.sync.lifecycle.Observation.FinalizeDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEvent;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEventsDue;
import io.statebridge.daemon.sync.lifecycle.Observation.OtherRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunUnknown;
import io.statebridge.daemon.sync.lifecycle.Observation.ProcessRead;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Instant;

/**
 * The rules for a container of which there is a record: which rule an observation falls under, and
 * how the container itself goes or is replaced by another of its id.
 */
record WithRecord(ContainerRecord now, Context context) {

  Step on(Observation seen) {
    Exits exits = new Exits(now, context);
    TaskEvents tasks = new TaskEvents(now, context);
    TaskAnswers answers = new TaskAnswers(now, context);
    TaskAbsence absence = new TaskAbsence(now, context);
    return switch (seen) {
      case Event(ContainerEvent.OfContainer event) -> event(event, seen, exits, tasks);
      case Inspect _ -> Step.of(now, new ReadContainer(seen));
      case LateEventsDue _ -> Step.of(now, new ReadContainer(seen));
      case StartDue due -> absence.startDue(due);
      case FinalizeDue due -> exits.finalizeDue(due);
      case ContainerRead read -> read(read);
      case LateEvent(ContainerEvent.OfContainer event) ->
          Step.of(now, new Continue(new Event(event)));
      case Doubtful(Observation event) -> Step.of(now, new Continue(event));
      case OtherRunRead(TaskRead read) -> Step.of(now, new Continue(read));
      // The task of a container that is gone cannot be read either.
      case ContainerGone(Doubtful(Observation event)) ->
          absence.gone(new TaskGone(now.run(), event));
      case ContainerGone gone -> gone(gone);
      case ProcessRead read -> processRead(read, absence);
      case TaskRead read -> answers.read(read);
      case TaskGone gone -> absence.gone(gone);
      case PastRunRead past -> absence.pastRun(past);
      case PastRunUnknown unknown -> absence.pastRunUnknown(unknown);
      case ExitAwaited awaited -> awaited(awaited, exits, answers, absence);
      case DeleteDue due -> exits.deleteDue(due);
      case Deleted deleted -> exits.deleted(deleted);
      case DeleteFailed failed -> exits.deleteFailed(failed);
    };
  }

  private static boolean isOfTask(Observation cause) {
    return cause instanceof Event(ContainerEvent.OfContainer event)
        && switch (event) {
          case ContainerCreated _, ContainerChanged _, ContainerDeleted _, OutOfMemory _ -> false;
          case Exited _, TaskCreated _, TaskStarted _, TaskDeleted _, TaskPaused _, TaskResumed _ ->
              true;
        };
  }

  private Step event(
      ContainerEvent.OfContainer event, Observation seen, Exits exits, TaskEvents tasks) {
    if (isOfTheOneBefore(seen)) {
      return exits.confirmed(seen);
    }
    if (context.unverified() && !now.orphaned() && isOfTask(seen) && !exits.isOwnExit(seen)) {
      return Step.of(now, new ReadContainer(seen));
    }
    return switch (event) {
      case Exited exited -> exits.exited(exited, seen);
      case TaskDeleted deleted -> exits.taskDeleted(deleted, seen);
      case OutOfMemory _ -> exits.outOfMemory();
      case TaskCreated created -> tasks.created(created, seen);
      case TaskStarted started -> tasks.started(started, seen);
      case TaskPaused _ -> tasks.paused(true, seen);
      case TaskResumed _ -> tasks.paused(false, seen);
      // A late event of the one that had the id before must not end the one that has it now.
      case ContainerCreated _, ContainerChanged _, ContainerDeleted _ ->
          Step.of(now, new ReadContainer(seen));
    };
  }

  /** An exit of the container that had the id before, told again. */
  private boolean isOfTheOneBefore(Observation seen) {
    Exited exited = Exits.exitOf(seen);
    ContainerRecord before = context.lastRemoved();
    return exited != null
        && before != null
        && exited.pid() != now.run().pid()
        && Exits.isEndOf(before, exited.pid(), exited.exit());
  }

  private Step read(ContainerRead read) {
    if (isAnother(read.info())) {
      return gone(read);
    }
    ContainerRecord updated = now.withInfo(read.info()).withOrphaned(false);
    return switch (read.cause()) {
      case Inspect _ -> Step.of(updated, new ReadTask(now.run(), read.cause()));
      case Doubtful(Observation event) -> Step.of(updated, new ReadTask(now.run(), event));
      case OtherRunRead(TaskRead other) -> Step.of(updated, new Continue(other.asVerified()));
      case LateEventsDue _,
          Event(ContainerCreated _),
          Event(ContainerChanged _),
          Event(ContainerDeleted _) ->
          Step.of(updated);
      default -> Step.of(updated, new Continue(read.cause()));
    };
  }

  /** The one that an orphan was of is gone: what now has its id was created later. */
  private boolean isAnother(ContainerInfo info) {
    if (!context.has(Safeguard.CONTAINER_IDENTITY)) {
      return false;
    }
    Instant created = now.info().createdAt();
    if (created == null || info.createdAt() == null) {
      return now.orphaned();
    }
    return !created.equals(info.createdAt());
  }

  /**
   * The container is gone, be it that another has its id now.
   *
   * @param seen put again until the record is gone, too
   */
  private Step gone(Observation seen) {
    boolean moreMayCome =
        now.orphaned()
            && seen instanceof ContainerGone gone
            && !(gone.cause() instanceof LateEventsDue);
    return switch (now.run()) {
      case None _, Ended _ when isAboutTheNext(seen) -> Step.of(null, new Continue(seen));
      case None _ when exitsWait() && seen instanceof ContainerGone ->
          Step.of(now, new InspectLater());
      case None _ when moreMayCome -> Step.of(now, new AwaitLateEvents());
      case None _, Ended _ ->
          seen instanceof ContainerRead ? Step.of(null, new Continue(seen)) : Step.of(null);
      case Ending ending -> Step.of(now.withRun(Exits.recorded(ending, false)), new Continue(seen));
      case WithoutProcess run -> awaitExit(run, seen);
      case Created _, Running _ -> Step.of(now, new ReadProcess(now.run(), seen));
    };
  }

  /** Created anew, and gone again: what follows is of that one. */
  private static boolean isAboutTheNext(Observation seen) {
    return seen instanceof ContainerGone(Event(ContainerEvent.OfContainer event))
        && (event instanceof ContainerCreated
            || event instanceof TaskCreated
            || Exits.isExit(new Event(event)));
  }

  private boolean exitsWait() {
    return context.waitingExits().stream().anyMatch(Exits::isExit);
  }

  private Step processRead(ProcessRead read, TaskAbsence absence) {
    if (!read.asked().equals(now.run())) {
      return Step.of(now, new Continue(read.cause()));
    }
    if (read.cause() instanceof TaskGone gone) {
      return read.alive() ? Step.of(now) : absence.ended(gone);
    }
    if (!read.alive()) {
      return awaitExit(now.run(), read.cause());
    }
    // The runtime gives the task to the container that has the id now.
    return read.cause() instanceof ContainerRead(ContainerInfo info, Observation _)
        ? Step.of(now.withInfo(info).withOrphaned(false))
        : Step.of(now.withOrphaned(true));
  }

  private Step awaitExit(Run run, Observation cause) {
    return awaitExit(now, run, cause, context);
  }

  static Step awaitExit(ContainerRecord now, Run run, Observation cause, Context context) {
    return Step.of(
        now,
        context.has(Safeguard.LATE_EXIT_WAIT)
            ? new AwaitExit(run, cause)
            : new Continue(new ExitAwaited(run, cause)));
  }

  /** Its exit was reported meanwhile, or it was not and then will not be. */
  private Step awaited(ExitAwaited awaited, Exits exits, TaskAnswers answers, TaskAbsence absence) {
    boolean reported = !awaited.asked().equals(now.run());
    return switch (awaited.cause()) {
      // Events that came with the exit may still wait.
      case ContainerGone _, ContainerRead _ ->
          reported
              ? Step.of(now, new InspectLater())
              : now.run() instanceof Live live
                  ? Step.of(exits.unseen(live), new Continue(awaited.cause()))
                  : Step.of(now);
      case TaskRead read ->
          reported
              ? Step.of(now, new ReadTask(now.run(), read.cause()))
              : answers.replaced(read.cause());
      case TaskGone gone when !Exits.isExit(gone.cause()) || !absence.isOfLaterRun(gone.cause()) ->
          reported ? Step.of(now) : Step.of(now, new ReadPastRun(now.run(), true));
      case TaskGone gone ->
          reported || !(now.run() instanceof Live live)
              ? Step.of(now, new Continue(gone.cause()))
              : Step.of(exits.unseen(live), new Continue(gone.cause()));
      default -> Step.of(now);
    };
  }
}
