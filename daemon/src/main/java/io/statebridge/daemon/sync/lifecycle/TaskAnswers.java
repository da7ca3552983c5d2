package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.Dismiss;
import io.statebridge.daemon.sync.lifecycle.Effect.Kind;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadContainer;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Effect.Retry;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.Listed;
import io.statebridge.daemon.sync.lifecycle.Observation.OtherRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Instant;

/** What the runtime's word on a task means for the run that is recorded. */
record TaskAnswers(ContainerRecord now, Context context) {

  private Exits exits() {
    return new Exits(now, context);
  }

  private Deletion deletion() {
    return new Deletion(now, context);
  }

  /** A list's word on it: it may be of before the container was made. */
  Step listed(Listed listed) {
    boolean sameProcess = now.run().pid() != 0 && now.run().pid() == listed.read().task().pid();
    if (sameProcess && now.run() instanceof Ended) {
      // Without a container a task stays in the list, whatever became of it.
      return Step.of(now);
    }
    // Of one process no date need tell whose it is; the clock may have been set since.
    boolean sameContainer =
        (sameProcess || now.info().createdAt() == null)
            ? listed.isOfCreation(now.info())
            : listed.isOf(now.info());
    return sameContainer || !context.has(Safeguard.STALENESS_CHECK)
        ? read(listed.read())
        : stale(listed.read());
  }

  /** The runtime's word on the task. */
  Step read(TaskRead read) {
    if (isStale(read.asked()) && !endsThisRun(read)) {
      return stale(read);
    }
    if (isOtherRun(read) && !read.verified()) {
      return Step.of(now, new ReadContainer(new OtherRunRead(read)));
    }
    return switch (read.task().status()) {
      case UNKNOWN -> unknown(read);
      case STOPPED -> stopped(read);
      case CREATED, RUNNING, PAUSED -> lives(read);
    };
  }

  /** Whether it tells the end of the run that is recorded, however far that was when asked for. */
  private boolean endsThisRun(TaskRead read) {
    return now.run() instanceof Live live
        && live.pid() != 0
        && read.task().pid() == live.pid()
        && read.task().status() == Status.STOPPED;
  }

  /** The container may have been made anew between the two questions. */
  private boolean isOtherRun(TaskRead read) {
    return read.task().status() != Status.UNKNOWN && read.task().pid() != now.run().pid();
  }

  /** Asked again; but the exit that it tells may be all that is ever told of a run. */
  private Step stale(TaskRead read) {
    Event exit = Event.ofStopped(read.task());
    return exit == null || Exits.isExit(read.cause())
        ? ask(read.cause())
        : Step.of(now, new Continue(exit));
  }

  /** A shim that is too slow to say: no information. */
  private Step unknown(TaskRead read) {
    boolean exit = Exits.isExit(read.cause());
    // It may be the next task's, not yet started, and a Delete is to come.
    boolean nextTask =
        read.cause() instanceof DeleteDue || (isToBeDeleted() && isNextTask(read.cause()));
    if (!exit && !nextTask) {
      return Step.of(now);
    }
    return switch (now.run()) {
      case Ending ending when !nextTask -> deletion().resume(ending, read.cause());
      case Ended ended when ended.cleanupPending() && !nextTask ->
          deletion().resumeCleanup(ended, read.cause());
      case Ending _, None _, Live _, Ended _ ->
          Step.of(
              now,
              new Retry(
                  new RuntimeFailure(
                      RuntimeFailure.Kind.TRANSIENT,
                      "the shim does not say whether the task ended")));
    };
  }

  private boolean isToBeDeleted() {
    return now.pendingExit() != null || now.cleanupPending();
  }

  private boolean isNextTask(Observation cause) {
    return cause instanceof Event(ContainerEvent.OfContainer event)
        && switch (event) {
          case TaskCreated created -> created.pid() != now.run().pid();
          case TaskStarted started -> started.pid() != now.run().pid();
          default -> false;
        };
  }

  private boolean isStale(Run asked) {
    return context.has(Safeguard.STALENESS_CHECK) && !asked.equals(now.run());
  }

  private Step lives(TaskRead read) {
    TaskInfo task = read.task();
    boolean created = task.status() == Status.CREATED;
    return switch (now.run()) {
      case None _ -> begin(read);
      case Live live when live.pid() != task.pid() || (created && live.startedAt() != null) ->
          WithRecord.awaitExit(now, live, read, context);
      case Live live -> same(live, read);
      // An exit that was reported is not taken back: what is left to do for it is done.
      case Ending ending when ending.pid() == task.pid() && !created ->
          deletion()
              .resume(new Ending(further(ending.live(), read), ending.pending()), read.cause());
      case Ending ending -> next(Deletion.recorded(ending, false), read);
      case Ended ended when ended.pid() == task.pid() && ended.cleanupPending() && !created ->
          deletion().resumeCleanup(ended, read.cause());
      case Ended _ -> begin(read);
    };
  }

  /** The run that is recorded lives, as recorded or a step further. */
  private Step same(Live live, TaskRead read) {
    Step step = Step.of(now.withRun(further(live, read)));
    return Exits.isExit(read.cause()) ? step.and(new Dismiss(Kind.OTHER_EXIT, read.cause())) : step;
  }

  private Live further(Live live, TaskRead read) {
    return live instanceof Created && read.task().status() != Status.CREATED
        ? toLive(read, live)
        : TaskEvents.paused(live, read.task().status() == Status.PAUSED);
  }

  private Step begin(TaskRead read) {
    if (read.task().pid() == 0 && read.task().status() == Status.CREATED) {
      return Step.of(now);
    }
    ContainerRecord begun = begun(read);
    return isAbout(read.cause(), read.task().pid())
        ? Step.of(begun, new Continue(read.cause()))
        : Step.of(begun);
  }

  /** With the run that a task is. */
  private ContainerRecord begun(TaskRead read) {
    ContainerRecord begun = now.withRun(toLive(read, now.run()));
    return read.bundle().isEmpty() ? begun : begun.withBundle(read.bundle());
  }

  /** Whether an event is about this process, so that it says more than the task does. */
  static boolean isAbout(Observation seen, long pid) {
    Exited exited = Exits.exitOf(seen);
    if (exited != null) {
      return exited.pid() == pid;
    }
    return seen instanceof Event(ContainerEvent.OfContainer event)
        && ((event instanceof TaskCreated created && created.pid() == pid)
            || (event instanceof TaskStarted started && started.pid() == pid))
        && pid != 0;
  }

  private Live toLive(TaskRead read, Run before) {
    TaskInfo task = read.task();
    Instant createdAt = now.info().createdAt();
    // The kernel counts in hundredths of a second.
    Instant startedAt =
        createdAt != null && read.startedAt().isBefore(createdAt) ? createdAt : read.startedAt();
    Instant taskCreatedAt = before instanceof Created run ? run.taskCreatedAt() : null;
    boolean paused = task.status() == Status.PAUSED;
    if (task.pid() == 0) {
      return new WithoutProcess(startedAt, paused);
    }
    return task.status() == Status.CREATED
        ? new Created(task.pid(), taskCreatedAt == null ? read.startedAt() : taskCreatedAt)
        : new Running(task.pid(), taskCreatedAt, startedAt, paused);
  }

  /** The end of the run that is recorded, and then the same of the next one. */
  private Step next(Run ended, TaskRead read) {
    return Step.of(now.withRun(ended), new Continue(read.withAsked(ended)));
  }

  /** Another run has taken the place of the recorded one, whose end nobody saw. */
  private Step replaced(TaskRead read) {
    if (!(now.run() instanceof Live live)) {
      return stale(read);
    }
    ContainerRecord ended = exits().unseen(live);
    return read.task().status() == Status.STOPPED
        ? next(ended.run(), read)
        : Step.of(ended, new ReadTask(ended.run(), read.cause()));
  }

  /** The recorded run's exit was reported meanwhile, or it was not and then will not be. */
  Step awaited(TaskRead read, boolean reported) {
    return reported ? stale(read) : replaced(read);
  }

  private Step stopped(TaskRead read) {
    TaskInfo task = read.task();
    long pid = task.pid();
    return switch (now.run()) {
      case Live live when live.pid() == pid || pid == 0 -> exits().end(live, exitOf(read));
      case Live live -> WithRecord.awaitExit(now, live, read, context);
      case None _ -> stoppedUnseen(read);
      case Ending ending when ending.pid() != pid && pid != 0 ->
          next(Deletion.recorded(ending, false), read);
      case Ending ending ->
          deletion()
              .resume(
                  ending.pending().exit().isUnseen() ? Exits.with(ending, exitOf(read)) : ending,
                  read.cause());
      case Ended ended ->
          isOfThisRun(ended, task) ? stoppedAgain(ended, read) : stoppedUnseen(read);
    };
  }

  /** A whole run came and went unseen since the one that is recorded. */
  private Step stoppedUnseen(TaskRead read) {
    if (read.task().pid() == 0) {
      return Step.of(now.withRun(new Ended(0, null, exitOf(read), false)));
    }
    return next(new Created(read.task().pid(), null), read);
  }

  private static boolean isOfThisRun(Ended ended, TaskInfo task) {
    Instant exitedAt = task.exitedAt();
    boolean unknownPid = ended.pid() == 0 || task.pid() == 0;
    return ended.pid() == task.pid()
        || (unknownPid && (exitedAt == null || !exitedAt.isAfter(ended.exit().exitedAt())));
  }

  /** Its exit is recorded; what may be left is its task. */
  private Step stoppedAgain(Ended ended, TaskRead read) {
    boolean better = ended.exit().isUnseen() && context.has(Safeguard.UNKNOWN_GIVES_WAY);
    Exit exit = better ? exitOf(read) : ended.exit();
    Ended left = new Ended(ended.pid(), ended.startedAt(), exit, context.deletes());
    return context.deletes()
        ? new Deletion(now.withRun(left), context).resumeCleanup(left, read.cause())
        : Step.of(now.withRun(left));
  }

  private Exit exitOf(TaskRead read) {
    TaskInfo task = read.task();
    Exited reported = Exits.exitOf(read.cause());
    Instant exitedAt = task.exitedAt();
    if (reported != null && exitedAt == null) {
      return exits().judged(reported);
    }
    return new Exit(
        task.exitStatus(),
        exitedAt == null ? context.now() : exitedAt,
        reported == null ? ExitSource.LISTED : reported.exit().source());
  }

  private Step ask(Observation seen) {
    return Step.of(now, new ReadTask(now.run(), seen));
  }
}
