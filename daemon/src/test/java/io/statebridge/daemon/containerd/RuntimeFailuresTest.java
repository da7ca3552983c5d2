package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class RuntimeFailuresTest {

  @ParameterizedTest
  @CsvSource({
    "OK, TRANSIENT",
    "CANCELLED, TRANSIENT",
    "UNKNOWN, TRANSIENT",
    "INVALID_ARGUMENT, PERMANENT",
    "DEADLINE_EXCEEDED, TRANSIENT",
    "NOT_FOUND, NOT_FOUND",
    "ALREADY_EXISTS, PERMANENT",
    "PERMISSION_DENIED, PERMANENT",
    "RESOURCE_EXHAUSTED, TRANSIENT",
    "FAILED_PRECONDITION, PERMANENT",
    "ABORTED, TRANSIENT",
    "OUT_OF_RANGE, PERMANENT",
    "UNIMPLEMENTED, PERMANENT",
    "INTERNAL, TRANSIENT",
    "UNAVAILABLE, UNREACHABLE",
    "DATA_LOSS, PERMANENT",
    "UNAUTHENTICATED, PERMANENT",
  })
  void theKindFollowsFromTheCode(Status.Code code, Kind kind) {
    RuntimeFailure failure =
        RuntimeFailures.of("Tasks/Delete", code.toStatus().asRuntimeException());

    assertThat(failure.kind()).isEqualTo(kind);
  }

  @ParameterizedTest
  @EnumSource(Status.Code.class)
  void theTextOfAMessageDecidesNothing(Status.Code code) {
    Status status = code.toStatus();

    assertThat(kindOf(status.withDescription("task web: not found")))
        .isEqualTo(kindOf(status))
        .isEqualTo(kindOf(status.withDescription("invalid argument")));
  }

  private static Kind kindOf(Status status) {
    return RuntimeFailures.of("Tasks/Get", status.asRuntimeException()).kind();
  }

  @Test
  void aMessageNamesTheCallTheCodeAndTheReason() {
    Status status =
        Status.UNAVAILABLE
            .withDescription("io exception")
            .withCause(new IOException("no such file"));

    RuntimeFailure failure = RuntimeFailures.of("Tasks/Get", status.asRuntimeException());

    assertThat(failure)
        .hasMessage("Tasks/Get: UNAVAILABLE: io exception (no such file)")
        .hasRootCauseMessage("no such file");
  }

  @Test
  void aReasonWithoutWordsIsNamedByItsKind() {
    Status status = Status.UNAVAILABLE.withCause(new EOFException());

    assertThat(RuntimeFailures.of("Tasks/Get", status.asRuntimeException()))
        .hasMessage("Tasks/Get: UNAVAILABLE (EOFException)");
  }

  @Test
  void aSocketThatIsNotThereOrThatNobodyListensOnIsToldWithTheRemedy() {
    Status missing = Status.UNAVAILABLE.withCause(new FileNotFoundException());
    Status refused = Status.UNAVAILABLE.withCause(new ConnectException("Connection refused"));

    assertThat(RuntimeFailures.of("Tasks/Get", missing.asRuntimeException()))
        .hasMessageEndingWith("(the socket is not there: is containerd running?)");
    assertThat(RuntimeFailures.of("Tasks/Get", refused.asRuntimeException()))
        .hasMessageEndingWith("(nobody listens on the socket: is containerd running?)");
  }

  @Test
  void whatIsNotOfGrpcMayPassAndKeepsItsReason() {
    RuntimeFailure failure = RuntimeFailures.of("Tasks/Get", new IllegalStateException("odd"));

    assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(failure).hasMessage("Tasks/Get: UNKNOWN (odd)");
  }
}
