package io.statebridge.api;

import java.util.concurrent.CompletionStage;

/**
 * The port to whoever can be asked to tell a container's exit at the moment it happens: its shim,
 * or the runtime. Thread-safe.
 */
public interface ExitWaiter {

  /** An open question. */
  interface Wait extends AutoCloseable {

    /**
     * Completes with the exit, at once if it already happened, on a thread of the implementation's
     * choosing. Fails with {@link RuntimeFailure} and nothing else; a failure is never an exit:
     * NOT_FOUND when there is no such task, TRANSIENT when the connection broke or could not be
     * made, PERMANENT when this one cannot be asked about this container at all.
     */
    CompletionStage<Exit> exit();

    /** Gives the question up; the stage then may never complete. Idempotent. */
    @Override
    void close();
  }

  /** What the exits that it tells are marked with. */
  ExitSource source();

  /**
   * Asks for the end of a container's init process. Returns at once; the question stays open,
   * without a deadline, until it is answered, fails or is closed.
   *
   * @param pid of the init process of the run that is meant
   * @param bundle the task's directory on the node, empty when it is not known
   */
  Wait open(ContainerId id, long pid, String bundle);
}
