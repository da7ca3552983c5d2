package io.statebridge.daemon.containerd;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** gRPC status codes as kinds of failure. The text of a message decides nothing. */
final class RuntimeFailures {

  private RuntimeFailures() {}

  static RuntimeFailure of(String call, Throwable failure) {
    Status status = Status.fromThrowable(failure);
    String description = status.getDescription();
    String message =
        call
            + ": "
            + status.getCode()
            + (description == null ? "" : ": " + description)
            + reason(status.getCause());
    return new RuntimeFailure(kind(status.getCode()), message, failure);
  }

  /**
   * Whether containerd answered, so that the failure is of what was asked for, and nothing else.
   */
  static boolean isOfWhatWasAskedFor(StatusRuntimeException e) {
    return switch (e.getStatus().getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNIMPLEMENTED -> false;
      default -> true;
    };
  }

  /** Of what a stage failed with; what is no failure of a call is PERMANENT. */
  static Kind kindOf(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof RuntimeFailure told ? told.kind() : Kind.PERMANENT;
  }

  /** The transport's own reason is what people need to see, and what they can do about it. */
  private static String reason(@Nullable Throwable cause) {
    return switch (cause) {
      case null -> "";
      case FileNotFoundException _ -> " (the socket is not there: is containerd running?)";
      case ConnectException _ -> " (nobody listens on the socket: is containerd running?)";
      default -> {
        String words = cause.getMessage();
        yield " (" + (words == null ? cause.getClass().getSimpleName() : words) + ")";
      }
    };
  }

  /**
   * UNKNOWN is what containerd answers for "still running" and for a dead shim: another call will
   * tell.
   */
  private static Kind kind(Status.Code code) {
    return switch (code) {
      case NOT_FOUND -> Kind.NOT_FOUND;
      case INVALID_ARGUMENT,
          UNIMPLEMENTED,
          PERMISSION_DENIED,
          UNAUTHENTICATED,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          ALREADY_EXISTS,
          DATA_LOSS ->
          Kind.PERMANENT;
      case OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL ->
          Kind.TRANSIENT;
      case UNAVAILABLE -> Kind.UNREACHABLE;
    };
  }
}
