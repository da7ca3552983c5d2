package io.statebridge.daemon.cri;

import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;

/**
 * What a client is told when containerd cannot be reached: the transport says "io exception" and
 * names neither containerd nor its socket.
 */
final class Unreachable {

  private Unreachable() {}

  /**
   * The same status, in our words if it is the transport's. What containerd itself answered has no
   * cause.
   *
   * @param socket of containerd
   */
  static Status named(Status status, String socket) {
    Throwable cause = status.getCause();
    if (status.getCode() != Code.UNAVAILABLE || cause == null) {
      return status;
    }
    String words =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return status.withDescription(
        "containerd does not answer on %s, see that it runs: %s".formatted(socket, words));
  }

  /** Likewise. */
  static StatusRuntimeException named(StatusRuntimeException failure, String socket) {
    return named(failure.getStatus(), socket).asRuntimeException();
  }
}
