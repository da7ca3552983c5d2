package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Run;
import io.statebridge.api.RuntimeFailure;
import java.time.Duration;
import java.time.Instant;

/**
 * What is to be done after a step: any number of things that are done at once, then at most one
 * {@link Call}.
 */
public sealed interface Effect {

  /** What of it is counted. */
  enum Kind {
    /** An exec ended. */
    EXEC_EXIT,
    /** An exit was reported again. */
    CONFIRMED_EXIT,
    /** An exit of a container that neither we nor the runtime know. */
    DROPPED_EXIT,
    /** An exit of another process than the init process that runs. */
    OTHER_EXIT
  }

  /** The observation changes nothing; counted and logged. */
  record Dismiss(Kind kind, Observation seen) implements Effect {}

  /** {@link Observation.FinalizeDue} after a while. */
  record FinalizeLater(Instant observedAt) implements Effect {}

  /** {@link Observation.StartDue} after {@link #delay}. */
  record AwaitStart(int attempt) implements Effect {

    /** What is not started then is left to the periodic comparison. */
    static final int MAX_ATTEMPTS = 6;

    /** The plugin knows some 30 ms after a failed start, and a kubelet starts what it created. */
    public Duration delay() {
      return attempt == 0 ? Duration.ofMillis(100) : Duration.ofSeconds(1L << (attempt - 1));
    }
  }

  /** An observation after all that waits in the container's queue. */
  record Later(Observation seen) implements Effect {}

  /** {@link Observation.Event} after all that waits in the container's queue. */
  record Report(ContainerEvent.OfContainer event) implements Effect {}

  /** {@link Observation.LateEvent} after a while. */
  record ReportAgain(ContainerEvent.OfContainer event) implements Effect {}

  /** {@link Observation.LateEventsDue} after a while. */
  record AwaitLateEvents() implements Effect {}

  /** The same of another container, if there is no record of it. */
  record InspectUnknown(ContainerId id) implements Effect {}

  /** Remember for the reason of its exit that the run ran out of memory. */
  record NoteOutOfMemory(long pid) implements Effect {}

  /** The end of a container that was removed is known better. */
  record AmendRemoved(ContainerRecord record) implements Effect {}

  /** Something whose answer is the next observation. */
  sealed interface Call extends Effect {}

  /** Answered by ContainerRead or ContainerGone. */
  record ReadContainer(Observation cause) implements Call {}

  /** Answered by TaskRead or TaskGone. */
  record ReadTask(Run asked, Observation cause) implements Call {}

  /** Answered by PastRunRead or PastRunUnknown. */
  record ReadPastRun(Run asked, boolean waited) implements Call {}

  /** Answered by ProcessRead. */
  record ReadProcess(Run asked, Observation cause) implements Call {}

  /** Answered by ExitAwaited. */
  record AwaitExit(Run asked, Observation cause) implements Call {}

  /** Answered by DeleteDue. */
  record PrepareDelete(Run asked) implements Call {}

  /** Answered by Deleted or DeleteFailed. */
  record DeleteTask(Run asked) implements Call {}

  /** Another observation, or the same of the record as it is now. */
  record Continue(Observation next) implements Call {}

  /** What was begun cannot be ended now: begin again after a backoff. */
  record Retry(RuntimeFailure why) implements Call {}
}
