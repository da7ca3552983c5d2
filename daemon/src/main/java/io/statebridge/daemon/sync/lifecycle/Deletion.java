package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.DeleteTask;
import io.statebridge.daemon.sync.lifecycle.Effect.FinalizeLater;
import io.statebridge.daemon.sync.lifecycle.Effect.PrepareDelete;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Effect.Retry;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteFailed;
import io.statebridge.daemon.sync.lifecycle.Observation.Deleted;
import io.statebridge.daemon.sync.lifecycle.Observation.FinalizeDue;

/** How the task of a run that ended is deleted: a pending exit is recorded in one update then. */
record Deletion(ContainerRecord now, Context context) {

  /** The exit that was pending, recorded. */
  static Ended recorded(Ending ending, boolean cleanupPending) {
    return new Ended(ending.pid(), ending.startedAt(), ending.pending().exit(), cleanupPending);
  }

  /** What is left to do for an exit that was reported before, maybe in an earlier life. */
  Step resume(Ending ending, Observation cause) {
    return cause instanceof DeleteDue
        ? Step.of(now.withRun(ending), new Continue(cause))
        : Step.of(
            now.withRun(ending),
            new FinalizeLater(ending.pending().observedAt()),
            new PrepareDelete(ending));
  }

  /** The same for an exit that is recorded, and whose task could not be deleted. */
  Step resumeCleanup(Ended ended, Observation cause) {
    return Step.of(
        now, cause instanceof DeleteDue ? new Continue(cause) : new PrepareDelete(ended));
  }

  /**
   * The policy may have changed since the exit was observed: a task deleted under another deleter
   * costs that one the exit code.
   */
  Step deleteDue(DeleteDue due) {
    boolean deletes = context.deletes() || !context.has(Safeguard.POLICY_AT_DELETE);
    return switch (now.run()) {
      case Ending ending ->
          deletes ? delete(ending, due) : Step.of(now.withRun(recorded(ending, false)));
      case Ended ended when ended.cleanupPending() ->
          deletes ? delete(ended, due) : Step.of(cleaned(ended));
      case None _, Live _, Ended _ -> Step.of(now);
    };
  }

  /** What waits may be the next task's creation, and Delete would destroy one not yet started. */
  private Step delete(Run run, DeleteDue due) {
    return context.waiting() > due.waiting()
        ? Step.of(now, new ReadTask(run, new DeleteDue(run, context.waiting())))
        : Step.of(now, new DeleteTask(run));
  }

  ContainerRecord cleaned(Ended ended) {
    return now.withRun(new Ended(ended.pid(), ended.startedAt(), ended.exit(), false));
  }

  Step deleted(Deleted deleted) {
    return switch (now.run()) {
      case Ending ending when ending.pid() == deleted.asked().pid() ->
          Step.of(now.withRun(recorded(ending, false)));
      case Ended ended when ended.pid() == deleted.asked().pid() -> Step.of(cleaned(ended));
      case None _, Live _, Ending _, Ended _ -> Step.of(now);
    };
  }

  Step deleteFailed(DeleteFailed failed) {
    return switch (now.run()) {
      case Ending ending when ending.pid() == failed.asked().pid() ->
          Step.of(
              now.withRun(
                  new Ending(
                      ending.live(),
                      ending
                          .pending()
                          .afterFailedDelete(String.valueOf(failed.failure().getMessage())))),
              new Retry(failed.failure()));
      case Ended ended when ended.cleanupPending() -> Step.of(now, new Retry(failed.failure()));
      case None _, Live _, Ending _, Ended _ -> Step.of(now);
    };
  }

  Step finalizeDue(FinalizeDue due) {
    return now.run() instanceof Ending ending
            && ending.pending().observedAt().equals(due.observedAt())
        ? Step.of(now.withRun(recorded(ending, true)))
        : Step.of(now);
  }
}
