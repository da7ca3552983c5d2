package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.PendingExit;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;

/** All that is known of one container, for people. */
final class ContainerDetails {
  private ContainerDetails() {}

  static List<String> lines(Container container, Instant now) {
    KeyValues details =
        new KeyValues(now)
            .add("namespace", container.getNamespace())
            .add("id", container.getId())
            .add("state", ContainerRow.state(container))
            .add("pid", container.getPid() == 0 ? "" : Integer.toUnsignedString(container.getPid()))
            .add("image", container.getImage())
            .add("runtime", container.getRuntime())
            .add("sandbox", container.getSandboxId())
            .add("created", container.hasCreatedAt(), container.getCreatedAt())
            .add("started", container.hasStartedAt(), container.getStartedAt())
            .add("finished", container.hasFinishedAt(), container.getFinishedAt())
            .add("exit code", exitCode(container))
            .add("reason", container.getReason())
            .add("message", container.getMessage());
    if (container.hasPendingExit()) {
      addPendingExit(details, container.getPendingExit());
    }
    String source = Names.of(container.getSource());
    details
        .add("exit told by", source == null ? "" : source)
        .add("removed", container.hasRemovedAt(), container.getRemovedAt())
        .add("cleanup", container.getCleanupPending() ? "pending" : "")
        .add("orphaned", container.getOrphaned() ? "the runtime has deleted its metadata" : "")
        .add("revision", Long.toUnsignedString(container.getRevision()));
    new TreeMap<>(container.getLabelsMap())
        .forEach((key, value) -> details.add("label", key + "=" + value));
    return details.lines();
  }

  private static String exitCode(Container container) {
    return container.hasExitCode() ? Integer.toUnsignedString(container.getExitCode()) : "";
  }

  private static void addPendingExit(KeyValues details, PendingExit exit) {
    String source = Names.of(exit.getSource());
    details
        .add("pending exit code", Integer.toUnsignedString(exit.getExitCode()))
        .add("ended", exit.hasExitedAt(), exit.getExitedAt())
        .add("observed", exit.hasObservedAt(), exit.getObservedAt())
        .add("pending exit told by", source == null ? "" : source)
        .add("failed deletes", Integer.toUnsignedString(exit.getDeleteAttempts()))
        .add("last delete error", exit.getLastError());
  }
}
