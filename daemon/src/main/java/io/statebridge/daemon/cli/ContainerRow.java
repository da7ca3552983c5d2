package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A container as a row of a table. */
final class ContainerRow {
  static final List<String> HEADER =
      List.of("NAMESPACE", "ID", "STATE", "PID", "AGE", "FINISHED", "IMAGE");

  private ContainerRow() {}

  static List<String> of(Container container, Instant now) {
    return List.of(
        Text.oneLine(container.getNamespace()),
        Text.oneLine(container.getId()),
        state(container),
        container.getPid() == 0 ? "-" : Integer.toUnsignedString(container.getPid()),
        container.hasCreatedAt() ? Text.age(container.getCreatedAt(), now) : "-",
        container.hasFinishedAt() ? Text.age(container.getFinishedAt(), now) + " ago" : "-",
        container.getImage().isEmpty() ? "-" : Text.oneLine(container.getImage()));
  }

  /**
   * The state with what qualifies it, such as {@code EXITED (7)} or {@code RUNNING (exit 7
   * pending)}.
   */
  static String state(Container container) {
    List<String> notes = new ArrayList<>();
    if (container.hasExitCode()) {
      notes.add(Integer.toUnsignedString(container.getExitCode()));
    }
    if (container.getPaused()) {
      notes.add("paused");
    }
    if (container.hasPendingExit()) {
      int code = container.getPendingExit().getExitCode();
      notes.add("exit " + Integer.toUnsignedString(code) + " pending");
    }
    if (container.getCleanupPending()) {
      notes.add("cleanup pending");
    }
    if (container.getOrphaned()) {
      notes.add("orphaned");
    }
    if (container.hasRemovedAt()) {
      notes.add("removed");
    }
    String state = Names.of(container.getState());
    return notes.isEmpty() ? state : state + " (" + String.join(", ", notes) + ")";
  }
}
