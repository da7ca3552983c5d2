package io.statebridge.daemon.containerd;

import io.grpc.Status;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
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
   * The transport's own reason, such as a socket that is not there, is what people need to see. It
   * has no words in that very case.
   */
  private static String reason(@Nullable Throwable cause) {
    if (cause == null) {
      return "";
    }
    String words = cause.getMessage();
    return " (" + (words == null ? cause.getClass().getSimpleName() : words) + ")";
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
      case OK,
          CANCELLED,
          UNKNOWN,
          DEADLINE_EXCEEDED,
          RESOURCE_EXHAUSTED,
          ABORTED,
          INTERNAL,
          UNAVAILABLE ->
          Kind.TRANSIENT;
    };
  }
}
