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
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.lifecycle.Effect.AmendRemoved;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitLateEvents;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.Dismiss;
import io.statebridge.daemon.sync.lifecycle.Effect.InspectUnknown;
import io.statebridge.daemon.sync.lifecycle.Effect.Kind;
import io.statebridge.daemon.sync.lifecycle.Effect.NoteOutOfMemory;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Effect.Report;
import io.statebridge.daemon.sync.lifecycle.Effect.ReportAgain;
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
import java.util.Map;

/**
 * The rules for a container of which there is no record: it is read first. One that is gone by then
 * gets a record from its events, as far as they tell.
 */
record WithoutRecord(Context context) {

  private static final Step NOTHING = Step.of(null);

  Step on(Observation seen) {
    return switch (seen) {
      case Event(ContainerEvent.OfContainer event) -> event(event, seen);
      case LateEvent(ContainerEvent.OfContainer event) -> lateEvent(event, seen);
      case Doubtful(Observation event) -> Step.of(null, new Continue(event));
      case OtherRunRead(TaskRead read) -> Step.of(null, new Continue(read.cause()));
      case Inspect _ -> Step.of(null, new ReadContainer(seen));
      case ContainerRead(ContainerInfo info, Observation cause) -> read(info, cause);
      case ContainerGone(Observation cause) -> gone(cause);
      // A task without a container is listed, and cannot be read.
      case Listed _ -> Step.of(null, new ReadContainer(seen));
      case TaskRead read -> Step.of(null, new ReadContainer(new Listed(read, null)));
      // About a record that went meanwhile.
      case LateEventsDue _,
          FinalizeDue _,
          StartDue _,
          TaskGone _,
          PastRunRead _,
          PastRunUnknown _,
          ProcessRead _,
          ExitAwaited _,
          DeleteDue _,
          Deleted _,
          DeleteFailed _ ->
          NOTHING;
    };
  }

  private Step event(ContainerEvent.OfContainer event, Observation seen) {
    return switch (event) {
      case Exited exited when !exited.ofInitProcess() ->
          Step.of(null, new Dismiss(Kind.EXEC_EXIT, seen));
      case Exited exited -> exited(exited.pid(), exited.exit(), seen);
      case TaskDeleted deleted -> {
        Exit exit = deleted.exit();
        yield exit == null ? NOTHING : exited(deleted.pid(), exit, seen);
      }
      case OutOfMemory _ -> outOfMemory();
      case ContainerDeleted _ -> NOTHING;
      case ContainerCreated _,
          ContainerChanged _,
          TaskCreated _,
          TaskStarted _,
          TaskPaused _,
          TaskResumed _ ->
          Step.of(null, new ReadContainer(seen));
    };
  }

  /** A record that was made from other events may have come and gone meanwhile. */
  private Step lateEvent(ContainerEvent.OfContainer event, Observation seen) {
    Observation now = new Event(event);
    Exited exited = Exits.exitOf(now);
    return exited != null && context.predecessors().endedBy(exited)
        ? exited(exited.pid(), exited.exit(), now)
        : Step.of(null, new ReadContainer(seen));
  }

  /** It may be the last run of a container that was removed. */
  private Step exited(long pid, Exit exit, Observation seen) {
    ContainerRecord removed = context.predecessors().endedBy(pid, exit).orElse(null);
    if (removed == null) {
      return Step.of(null, new ReadContainer(seen));
    }
    Dismiss confirmed = new Dismiss(Kind.CONFIRMED_EXIT, seen);
    Ended ended = (Ended) removed.run();
    boolean better =
        ended.exit().isUnseen()
            && !ContainerEvent.isSentinel(pid)
            && context.has(Safeguard.UNKNOWN_GIVES_WAY);
    return better
        ? Step.of(null, new AmendRemoved(withExit(removed, ended, exit)), confirmed)
        : Step.of(null, confirmed);
  }

  private Step outOfMemory() {
    ContainerRecord removed = context.predecessors().last().orElse(null);
    if (removed == null || !(removed.run() instanceof Ended ended) || ended.exit().isUnseen()) {
      return Step.of(null, new NoteOutOfMemory(0));
    }
    Exit refined = ended.exit().withReason(Exit.OOM_KILLED);
    return Step.of(null, new AmendRemoved(withExit(removed, ended, refined)));
  }

  private static ContainerRecord withExit(ContainerRecord removed, Ended ended, Exit exit) {
    return removed.withRun(new Ended(ended.pid(), ended.startedAt(), exit, false));
  }

  private Step read(ContainerInfo info, Observation cause) {
    ContainerRecord fresh = ContainerRecord.of(info);
    Step step =
        switch (cause) {
          // Its task, if it gets one, has events of its own.
          case Event(ContainerCreated _) -> Step.of(fresh);
          case Inspect _, Event(ContainerChanged _) ->
              Step.of(fresh, new ReadTask(None.NONE, new Inspect()));
          case Listed listed ->
              listed.isOf(info)
                  // In one step: a container that runs is never seen as one that was created just
                  // now.
                  ? LifeCycle.on(fresh, listed.read().withAsked(None.NONE).asVerified(), context)
                  : Step.of(fresh, new ReadTask(None.NONE, new Inspect()));
          // That task may have been one of the container that had the id before.
          case OtherRunRead(TaskRead other) -> {
            Step next = Step.of(fresh, new Continue(other.cause()));
            Event exit = Event.ofStopped(other.task());
            yield exit == null ? next : next.and(new Report(exit.event()));
          }
          default -> Step.of(fresh, new Continue(cause));
        };
    if (info.sandboxId().isEmpty() || info.sandboxId().equals(info.id().id())) {
      return step;
    }
    // Not each sandbox has events.
    return step.and(new InspectUnknown(new ContainerId(info.id().namespace(), info.sandboxId())));
  }

  private Step gone(Observation cause) {
    if (cause instanceof Listed(TaskRead read, Instant _)) {
      return orphan(read);
    }
    if (cause instanceof Doubtful(Observation event)) {
      return gone(event);
    }
    if (cause instanceof OtherRunRead(TaskRead read)) {
      return gone(read.cause());
    }
    if (cause instanceof LateEvent(ContainerEvent.OfContainer event)) {
      return Step.of(null, new Dismiss(Kind.DROPPED_EXIT, new Event(event)));
    }
    if (!(cause instanceof Event(ContainerEvent.OfContainer event))) {
      return NOTHING;
    }
    Predecessors before = context.predecessors();
    return switch (event) {
      // Listed although its container was deleted, or waited for on behalf of a record that is gone
      // since: nothing else will report it.
      case Exited exited when exited.exit().source() != ExitSource.EVENT ->
          before.isNewRun(exited.pid(), exited.exit().exitedAt())
              ? fromEvents(exited.id(), "", new Ended(exited.pid(), null, exited.exit(), false))
              : NOTHING;
      case Exited _, TaskDeleted _ -> Step.of(null, new ReportAgain(event));
      case ContainerCreated created when before.isEmpty() ->
          fromEvents(
              new ContainerInfo(
                  created.id(), created.image(), created.runtime(), Map.of(), "", null),
              "",
              None.NONE);
      case TaskCreated created when before.isNewRun(created.pid(), created.at()) ->
          fromEvents(created.id(), created.bundle(), new Created(created.pid(), created.at()));
      case TaskStarted started when before.isNewRun(started.pid(), started.at()) ->
          fromEvents(started.id(), "", new Running(started.pid(), null, started.at(), false));
      case ContainerCreated _,
          TaskCreated _,
          TaskStarted _,
          ContainerChanged _,
          ContainerDeleted _,
          TaskPaused _,
          TaskResumed _,
          OutOfMemory _ ->
          NOTHING;
    };
  }

  /** Its container was deleted while it ran, and before we knew of it. */
  private Step orphan(TaskRead read) {
    TaskInfo task = read.task();
    if (task.pid() == 0
        || context.predecessors().hadProcess(task.pid())
        || read.bundle().isEmpty()) {
      return NOTHING;
    }
    return switch (task.status()) {
      case CREATED ->
          fromEvents(task.id(), read.bundle(), new Created(task.pid(), read.startedAt()));
      case RUNNING, PAUSED ->
          fromEvents(
              task.id(),
              read.bundle(),
              new Running(task.pid(), null, read.startedAt(), task.status() == Status.PAUSED));
      case STOPPED, UNKNOWN -> NOTHING;
    };
  }

  private static Step fromEvents(ContainerId id, String bundle, Run run) {
    return fromEvents(new ContainerInfo(id, "", "", Map.of(), "", null), bundle, run);
  }

  /** The events to come tell the rest; after them it is found to be gone. */
  private static Step fromEvents(ContainerInfo info, String bundle, Run run) {
    return Step.of(new ContainerRecord(info, bundle, run, true), new AwaitLateEvents());
  }
}
