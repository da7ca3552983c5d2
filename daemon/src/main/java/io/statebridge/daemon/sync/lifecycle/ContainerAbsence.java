package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.AwaitLateEvents;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.Later;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.Report;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerGone;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerRead;
import io.statebridge.daemon.sync.lifecycle.Observation.Doubtful;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEventsDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Listed;
import io.statebridge.daemon.sync.lifecycle.Observation.OtherRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.ProcessRead;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Instant;

/** What it means that the runtime has no such container, or another one of its id. */
record ContainerAbsence(ContainerRecord now, Context context) {

  private TaskAbsence absence() {
    return new TaskAbsence(now, context);
  }

  Step on(ContainerGone seen) {
    return switch (seen.cause()) {
      // The task of a container that is gone cannot be read either.
      case Doubtful(Observation event) -> goneAfter(event);
      case Event event when Exits.isExit(event) -> goneAfter(event);
      case OtherRunRead(TaskRead read) -> goneAfter(read, seen);
      default -> gone(seen);
    };
  }

  private Step goneAfter(TaskRead read, ContainerGone seen) {
    if (Exits.isExit(read.cause())) {
      return goneAfter(read.cause());
    }
    Event exit = Event.ofStopped(read.task());
    return exit == null || read.task().pid() == now.run().pid()
        ? gone(seen)
        : gone(seen).and(new Report(exit.event()));
  }

  /**
   * What an answer told of an end may be of a later container than what waits.
   *
   * @param event after which the container was found to be gone
   */
  private Step goneAfter(Observation event) {
    Exited exited = Exits.exitOf(event);
    return exited != null
            && exited.exit().source() == ExitSource.LISTED
            && exited.pid() != now.run().pid()
            && context.creationWaits()
        ? Step.of(now, new Report(exited))
        : absence().gone(new TaskGone(now.run(), event));
  }

  /**
   * The container is gone, be it that another has its id now.
   *
   * @param seen put again until the record is gone, too
   */
  Step gone(Observation seen) {
    boolean moreMayCome =
        now.orphaned()
            && seen instanceof ContainerGone gone
            && !(gone.cause() instanceof LateEventsDue);
    return switch (now.run()) {
      case None _, Ended _ when isAboutTheNext(seen) -> Step.of(null, new Continue(seen));
      case None _, Ended _
          when seen instanceof ContainerGone(OtherRunRead(TaskRead read))
              && read.processLives()
              && !hasEndedSince(read) ->
          // The container had a run of that pid, or another container had it that is gone, too.
          TaskAnswers.isAbout(read.cause(), read.task().pid())
              ? Step.of(null, new Continue(read.cause()))
              : Step.of(null, new Later(new Listed(read, null)));
      case None _ when context.exits().findAny().isPresent() && seen instanceof ContainerGone ->
          Step.of(now, new Later(new Inspect()));
      case None _ when moreMayCome -> Step.of(now, new AwaitLateEvents());
      case None _, Ended _ ->
          seen instanceof ContainerRead ? Step.of(null, new Continue(seen)) : Step.of(null);
      case Ending ending ->
          Step.of(now.withRun(Deletion.recorded(ending, false)), new Continue(seen));
      case WithoutProcess run -> WithRecord.awaitExit(now, run, seen, context);
      case Created _, Running _ -> Step.of(now, new ReadProcess(now.run(), seen));
    };
  }

  private boolean hasEndedSince(TaskRead read) {
    return now.run() instanceof Ended ended
        && !ended.exit().isUnseen()
        && !read.asked().equals(ended);
  }

  /** Created anew, and gone again: what follows is of that one. */
  private static boolean isAboutTheNext(Observation seen) {
    return seen instanceof ContainerGone(Event(ContainerEvent.OfContainer event))
        && (event instanceof ContainerCreated || event instanceof TaskCreated);
  }

  Step processRead(ProcessRead read) {
    if (!read.asked().equals(now.run())) {
      return Step.of(now, new Continue(read.cause()));
    }
    if (read.cause() instanceof TaskGone gone) {
      return read.alive() ? Step.of(now) : absence().ended(gone);
    }
    if (!read.alive()) {
      return WithRecord.awaitExit(now, now.run(), read.cause(), context);
    }
    // The runtime gives the task to the container that has the id now.
    return read.cause() instanceof ContainerRead(ContainerInfo info, Observation _)
        ? Step.of(now.withInfo(info).withOrphaned(false))
        : Step.of(now.withOrphaned(true));
  }

  /** Whether those that wait are of the container that has the id now. */
  private boolean allWaitingExitsAreOf(ContainerInfo next) {
    Instant createdAt = next.createdAt();
    return context
        .exits()
        .allMatch(exited -> createdAt != null && !exited.exit().exitedAt().isBefore(createdAt));
  }

  /** Its exit was reported meanwhile, or it was not and then will not be. */
  Step awaited(Observation cause, boolean reported) {
    if (reported) {
      // Other exits of this container may still wait.
      return cause instanceof ContainerRead read && allWaitingExitsAreOf(read.info())
          ? Step.of(now, new Continue(cause))
          : Step.of(now, new Later(new Inspect()));
    }
    return now.run() instanceof Live live
        ? Step.of(new Exits(now, context).unseen(live), new Continue(cause))
        : Step.of(now);
  }
}
