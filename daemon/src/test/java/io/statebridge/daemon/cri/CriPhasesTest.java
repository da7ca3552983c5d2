package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.PendingExit;
import io.statebridge.proto.cri.v1.ContainerEventType;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From each record that there may be to each other. */
final class CriPhasesTest {

  private static final PendingExit PENDING = PendingExit.of(CriSamples.EXIT, CriSamples.ENDED);

  private static @Nullable ContainerRecord record(String name) {
    ContainerRecord created = CriSamples.container("c", "pod");
    ContainerRecord task = CriSamples.withTask(created);
    ContainerRecord running = CriSamples.running(created);
    return switch (name) {
      case "NONE" -> null;
      case "CREATED" -> created;
      case "TASK" -> task;
      case "RUNNING" -> running;
      case "PAUSED" -> CriSamples.paused(created);
      case "PENDING" -> CriSamples.ending(running, PENDING);
      // Its exit is observed, and it was not started.
      case "KILLED" -> CriSamples.ending(task, PENDING);
      case "EXITED" -> CriSamples.ended(running, CriSamples.EXIT);
      // It ended, and no start is known.
      case "ENDED" -> CriSamples.ended(task, CriSamples.EXIT);
      // It ran, and nobody saw its end.
      case "LOST" -> CriSamples.ended(running, Exit.unseen(CriSamples.ENDED));
      // Its task went, and nobody ever saw it run.
      case "NEVER_RAN" -> CriSamples.ended(task, Exit.unseen(CriSamples.ENDED));
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest(name = "{0} to {1}: {2}")
  @CsvSource(
      nullValues = "-",
      value = {
        "NONE,      CREATED,   CREATED",
        "NONE,      TASK,      CREATED",
        "NONE,      RUNNING,   CREATED STARTED",
        "NONE,      PENDING,   CREATED STARTED STOPPED",
        "NONE,      EXITED,    CREATED STARTED STOPPED",
        "NONE,      KILLED,    CREATED STOPPED",
        "NONE,      ENDED,     CREATED STOPPED",
        "NONE,      NEVER_RAN, CREATED",
        "CREATED,   CREATED,   -",
        "CREATED,   TASK,      -",
        "TASK,      CREATED,   -",
        "TASK,      RUNNING,   STARTED",
        // One commit that tells of both.
        "TASK,      PENDING,   STARTED STOPPED",
        "TASK,      KILLED,    STOPPED",
        "TASK,      ENDED,     STOPPED",
        "TASK,      EXITED,    STARTED STOPPED",
        "TASK,      NEVER_RAN, -",
        "TASK,      NONE,      DELETED",
        "CREATED,   NONE,      DELETED",
        "RUNNING,   PAUSED,    -",
        "PAUSED,    RUNNING,   -",
        "RUNNING,   PENDING,   STOPPED",
        "RUNNING,   EXITED,    STOPPED",
        "RUNNING,   LOST,      STOPPED",
        "PENDING,   EXITED,    -",
        "KILLED,    ENDED,     -",
        // A start that becomes known after the end is not told any more.
        "ENDED,     EXITED,    -",
        "KILLED,    EXITED,    -",
        "PENDING,   NONE,      DELETED",
        "EXITED,    NONE,      DELETED",
        "NEVER_RAN, LOST,      STARTED STOPPED",
        "NEVER_RAN, ENDED,     STOPPED",
        "LOST,      EXITED,    -",
        "NEVER_RAN, NONE,      DELETED",
        // A new run, whose end is told again.
        "EXITED,    TASK,      -",
        "EXITED,    RUNNING,   STARTED",
        "NEVER_RAN, TASK,      -",
        // A start that was told and was none.
        "RUNNING,   CREATED,   -",
        "RUNNING,   NONE,      DELETED"
      })
  void eachPhaseThatIsReachedIsTold(String before, String after, @Nullable String told) {
    List<String> expected = told == null ? List.of() : Arrays.asList(told.split(" ", -1));

    assertThat(CriPhases.told(record(before), record(after)))
        .extracting(CriPhasesTest::word)
        .isEqualTo(expected);
  }

  private static String word(ContainerEventType type) {
    String name = Objects.requireNonNull(type).name();
    return name.substring("CONTAINER_".length(), name.length() - "_EVENT".length());
  }
}
