package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import java.time.Instant;

/** What the events of a task do that begin a run, or go on with it. */
record TaskEvents(ContainerRecord now, Context context) {

  Step created(TaskCreated event, Observation seen) {
    Run run = now.run();
    if (event.pid() == 0) {
      return ask(seen);
    }
    if (event.pid() == run.pid()) {
      return createdAgain(event, seen);
    }
    Instant before =
        switch (run) {
          case None none ->
              none.lastCreatedAt() == null ? now.info().createdAt() : none.lastCreatedAt();
          case Ended ended -> ended.exit().exitedAt();
          case Live _, Ending _ -> null;
        };
    boolean ordered =
        before == null
            || (!event.at().isBefore(before) && context.clock().tellsOrder(before, event.at()));
    // While another run lives its end was not reported yet, or this event is an older one.
    boolean follows = ordered && (run instanceof None || run instanceof Ended);
    return follows
        ? Step.of(now.withRun(new Created(event.pid(), event.at())).withBundle(event.bundle()))
        : ask(seen);
  }

  /** The run was found before its event came, or this is another of the same pid. */
  private Step createdAgain(TaskCreated event, Observation seen) {
    return switch (now.run()) {
      case Created run ->
          Step.of(now.withRun(new Created(run.pid(), event.at())).withBundle(event.bundle()));
      case Running run when event.at().isAfter(run.startedAt()) && run.taskCreatedAt() != null ->
          event.at().equals(run.taskCreatedAt()) ? Step.of(now) : ask(seen);
      case Running run ->
          Step.of(
              now.withRun(new Running(run.pid(), event.at(), run.startedAt(), run.paused()))
                  .withBundle(event.bundle()));
      case Ended run -> event.at().isAfter(run.exit().exitedAt()) ? ask(seen) : Step.of(now);
      case None _, WithoutProcess _, Ending _ -> Step.of(now);
    };
  }

  Step started(TaskStarted event, Observation seen) {
    Instant at = event.at();
    Run run = now.run();
    boolean first = now.orphaned() && run.equals(None.NONE) && event.pid() > 0;
    if (first) {
      // Its container is gone: nobody can be asked.
      return Step.of(now.withRun(new Running(event.pid(), null, at, false)));
    }
    if (event.pid() != run.pid() || run instanceof None || run instanceof WithoutProcess) {
      boolean ofUnknownPid = run instanceof Ended ended && ended.pid() == 0;
      return ofUnknownPid && !at.isAfter(((Ended) run).exit().exitedAt())
          ? Step.of(now)
          : ask(seen);
    }
    return Step.of(now.withRun(startedAt(run, at)));
  }

  /** The event's time is better than one that the kernel or the list gave. */
  static Run startedAt(Run run, Instant at) {
    return switch (run) {
      case Created created -> new Running(created.pid(), created.taskCreatedAt(), at, false);
      case Running running ->
          new Running(running.pid(), running.taskCreatedAt(), at, running.paused());
      case Ending ending -> new Ending((Live) startedAt(ending.live(), at), ending.pending());
      case Ended ended when ended.startedAt() == null ->
          new Ended(ended.pid(), at, ended.exit(), ended.cleanupPending());
      case None _, WithoutProcess _, Ended _ -> run;
    };
  }

  Step paused(boolean paused, Observation seen) {
    return switch (now.run()) {
      case Live live when live.startedAt() != null -> Step.of(now.withRun(paused(live, paused)));
      case None _, Live _ -> ask(seen);
      case Ending _, Ended _ -> Step.of(now);
    };
  }

  static Live paused(Live live, boolean paused) {
    return switch (live) {
      case Created _ -> live;
      case Running run -> new Running(run.pid(), run.taskCreatedAt(), run.startedAt(), paused);
      case WithoutProcess run -> new WithoutProcess(run.startedAt(), paused);
    };
  }

  private Step ask(Observation seen) {
    return Step.of(now, Exits.readTask(seen));
  }
}
