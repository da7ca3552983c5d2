package io.statebridge.daemon.cli;

import com.google.protobuf.Timestamp;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.proto.v1.PendingExit;
import java.time.Instant;

/** Containers to print. */
final class Samples {
  private Samples() {}

  static final Container CREATED =
      Container.newBuilder()
          .setNamespace("default")
          .setId("new")
          .setState(ContainerState.CONTAINER_STATE_CREATED)
          .build();

  static final Container EXITED =
      Container.newBuilder()
          .setNamespace("k8s.io")
          .setId("abc123")
          .setState(ContainerState.CONTAINER_STATE_EXITED)
          .setImage("busybox:1.36")
          .setRuntime("io.containerd.runc.v2")
          .putLabels("z", "last")
          .putLabels("a", "say \"hi\"\n\u001b[31m\u2028 \u00fc \ud83d\ude00 \\")
          .setSandboxId("pod1")
          .setCreatedAt(time("2026-01-02T03:00:00Z"))
          .setStartedAt(time("2026-01-02T03:00:01.5Z"))
          .setFinishedAt(time("2026-01-02T03:00:05.000000001Z"))
          .setExitCode(7)
          .setReason("Error")
          .setSource(ExitSource.EXIT_SOURCE_EVENT)
          .setRevision(42)
          .build();

  static final Container PENDING =
      Container.newBuilder()
          .setNamespace("default")
          .setId("ending")
          .setState(ContainerState.CONTAINER_STATE_RUNNING)
          .setPid(4321)
          .setPendingExit(
              PendingExit.newBuilder()
                  .setExitCode(137)
                  .setExitedAt(time("2026-01-02T03:04:00Z"))
                  .setObservedAt(time("2026-01-02T03:04:00.25Z"))
                  .setSource(ExitSource.EXIT_SOURCE_SHIM)
                  .setDeleteAttempts(2)
                  .setLastError("busy"))
          // More than a signed long holds.
          .setRevision(-1)
          .build();

  static Timestamp time(String text) {
    Instant instant = Instant.parse(text);
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
