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
import io.statebridge.api.Run.None;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitExit;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
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
import io.statebridge.daemon.sync.lifecycle.Observation.Listed;
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
    ContainerAbsence containerAbsence = new ContainerAbsence(now, context);
    Deletion deletion = new Deletion(now, context);
    return switch (seen) {
      case Event(ContainerEvent.OfContainer event) -> event(event, seen, exits, tasks);
      case Inspect _ -> Step.of(now, new ReadContainer(seen));
      case LateEventsDue _ -> Step.of(now, new ReadContainer(seen));
      case StartDue due -> absence.startDue(due);
      case FinalizeDue due -> deletion.finalizeDue(due);
      case ContainerRead read -> read(read);
      case LateEvent(ContainerEvent.OfContainer event) ->
          Step.of(now, new Continue(new Event(event)));
      case Doubtful(Observation event) -> Step.of(now, new Continue(event));
      case OtherRunRead(TaskRead read) -> Step.of(now, new Continue(read));
      case ContainerGone(Event(ContainerEvent.OfContainer event))
          when now.orphaned() && isOfTask(new Event(event)) ->
          follow(event, new Event(event), exits, tasks);
      case ContainerGone absent -> containerAbsence.on(absent);
      case ProcessRead read -> containerAbsence.processRead(read);
      case TaskRead read -> answers.read(read);
      case Listed listed -> answers.listed(listed);
      case TaskGone absent -> absence.gone(absent);
      case PastRunRead past -> absence.pastRun(past);
      case PastRunUnknown unknown -> absence.pastRunUnknown(unknown);
      case ExitAwaited awaited -> awaited(awaited, answers, absence, containerAbsence);
      case DeleteDue due -> deletion.deleteDue(due);
      case Deleted deleted -> deletion.deleted(deleted);
      case DeleteFailed failed -> deletion.deleteFailed(failed);
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
      return Exits.isExit(seen) ? exits.confirmed(seen) : Step.of(now);
    }
    // Another container may have the id by now.
    boolean unsure = now.orphaned() ? now.run() instanceof None : context.unverified();
    return unsure && isOfTask(seen) && !exits.isOwnExit(seen)
        ? Step.of(now, new ReadContainer(seen))
        : follow(event, seen, exits, tasks);
  }

  private Step follow(
      ContainerEvent.OfContainer event, Observation seen, Exits exits, TaskEvents tasks) {
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

  /** An event of a container that had the id before, and whose end is recorded. */
  private boolean isOfTheOneBefore(Observation seen) {
    Exited exited = Exits.exitOf(seen);
    if (exited != null) {
      return exited.pid() != now.run().pid() && context.predecessors().endedBy(exited);
    }
    return switch (seen) {
      case Event(TaskCreated created) -> isBefore(created.pid(), created.at());
      case Event(TaskStarted started) -> isBefore(started.pid(), started.at());
      default -> false;
    };
  }

  private boolean isBefore(long pid, Instant at) {
    return pid != now.run().pid() && context.predecessors().hadProcess(pid, at);
  }

  private Step read(ContainerRead read) {
    if (isAnother(read.info())) {
      return new ContainerAbsence(now, context).gone(read);
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

  static Step awaitExit(ContainerRecord now, Run run, Observation cause, Context context) {
    return Step.of(
        now,
        context.has(Safeguard.LATE_EXIT_WAIT)
            ? new AwaitExit(run, cause)
            : new Continue(new ExitAwaited(run, cause)));
  }

  /** Its exit was reported meanwhile, or it was not and then will not be. */
  private Step awaited(
      ExitAwaited awaited, TaskAnswers answers, TaskAbsence absence, ContainerAbsence container) {
    boolean reported = !awaited.asked().isStillLive(now.run());
    return switch (awaited.cause()) {
      case ContainerGone _, ContainerRead _ -> container.awaited(awaited.cause(), reported);
      case TaskRead read -> answers.awaited(read, reported);
      case TaskGone gone -> absence.awaited(gone, reported);
      default -> Step.of(now);
    };
  }
}
