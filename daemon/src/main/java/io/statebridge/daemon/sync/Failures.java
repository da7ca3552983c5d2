package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.RuntimeFailure;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Reading what a stage failed with. */
final class Failures {

  private Failures() {}

  static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException wrapped && wrapped.getCause() != null
        ? wrapped.getCause()
        : failure;
  }

  static boolean isNotFound(@Nullable Throwable failure) {
    return failure != null
        && cause(failure) instanceof RuntimeFailure known
        && known.kind() == RuntimeFailure.Kind.NOT_FOUND;
  }

  /** Any other kind of failure is a bug, and the same call would fail the same way. */
  static RuntimeFailure ofRuntime(Throwable failure) {
    return cause(failure) instanceof RuntimeFailure known
        ? known
        : new RuntimeFailure(RuntimeFailure.Kind.PERMANENT, message(failure), cause(failure));
  }

  /** An error is nothing to try again after: the loop is told of it. */
  static void escalateError(SyncLoop loop, Throwable failure) {
    if (cause(failure) instanceof Error error) {
      loop.execute(
          () -> {
            throw error;
          });
    }
  }

  static boolean isOfKind(Throwable failure, RuntimeFailure.Kind kind) {
    return cause(failure) instanceof RuntimeFailure known && known.kind() == kind;
  }

  static String message(Throwable failure) {
    Throwable cause = cause(failure);
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /**
   * The first failure and then every power of two is worth a line, but not one for each container
   * that the runtime is away: the subscription says that once. What is no runtime failure is a bug.
   */
  static void logAttempt(Logger log, ContainerId id, int failuresBefore, Throwable failure) {
    Throwable cause = cause(failure);
    if (!(cause instanceof RuntimeFailure known)) {
      log.error("{}: unexpected, retrying", id, cause);
    } else if (known.kind() == RuntimeFailure.Kind.UNREACHABLE) {
      log.debug("{}: waits for the runtime: {}", id, message(cause));
    } else if (Integer.bitCount(failuresBefore + 1) == 1) {
      log.warn("{}: attempt {} failed, retrying: {}", id, failuresBefore + 1, message(cause));
    }
  }
}
