package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Running;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The table of ARCHITECTURE.md, cell by cell: what becomes of a record that an earlier life left,
 * or that is not there, by what the runtime says of the task when it is first looked at.
 */
class RecoveryTest {
  private static final Instant STARTED = FakeLoop.START.minusSeconds(7200);

  /** Of a container that the CRI plugin made, and may remember. */
  private static final ContainerInfo INFO =
      new ContainerInfo(
          WEB, "image", "runc", Map.of(), "", FakeLoop.START.minusSeconds(60), "{}", "");

  private static final Exit KNOWN = new Exit(7, EXITED_AT, ExitSource.EVENT);

  @ParameterizedTest(name = "{0} task, {1} record: {2}")
  @CsvSource({
    "NOT_FOUND, ABSENT,  CREATED",
    "NOT_FOUND, CREATED, CREATED",
    "NOT_FOUND, RUNNING, EXITED 255 UNKNOWN",
    "NOT_FOUND, PENDING, EXITED 7 EVENT",
    "NOT_FOUND, EXITED,  EXITED 7 EVENT",
    "CREATED,   ABSENT,  CREATED pid",
    "CREATED,   CREATED, CREATED pid",
    "CREATED,   RUNNING, CREATED pid",
    "CREATED,   PENDING, CREATED pid",
    "CREATED,   EXITED,  CREATED pid",
    "RUNNING,   ABSENT,  RUNNING pid",
    "RUNNING,   CREATED, RUNNING pid",
    "RUNNING,   RUNNING, RUNNING pid",
    "RUNNING,   PENDING, RUNNING pid pending",
    "RUNNING,   EXITED,  RUNNING pid",
    "PAUSED,    ABSENT,  RUNNING pid paused",
    "PAUSED,    CREATED, RUNNING pid paused",
    "PAUSED,    RUNNING, RUNNING pid paused",
    "PAUSED,    PENDING, RUNNING pid paused pending",
    "PAUSED,    EXITED,  RUNNING pid paused",
    "STOPPED,   ABSENT,  EXITED 3 LISTED",
    "STOPPED,   CREATED, EXITED 3 LISTED",
    "STOPPED,   RUNNING, EXITED 3 LISTED",
    "STOPPED,   PENDING, EXITED 7 EVENT",
    "STOPPED,   EXITED,  EXITED 7 EVENT",
    "UNKNOWN,   ABSENT,  CREATED",
    "UNKNOWN,   CREATED, CREATED",
    "UNKNOWN,   RUNNING, RUNNING pid",
    "UNKNOWN,   PENDING, RUNNING pid pending",
    "UNKNOWN,   EXITED,  EXITED 7 EVENT",
    "ERROR,     ABSENT,  CREATED",
    "ERROR,     CREATED, CREATED",
    "ERROR,     RUNNING, RUNNING pid",
    "ERROR,     PENDING, RUNNING pid pending",
    "ERROR,     EXITED,  EXITED 7 EVENT",
  })
  void aRecordBecomes(String task, String record, String expected) {
    SyncFixture f = new SyncFixture();
    leave(f, record);
    say(f, task);

    f.started();
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(describe(f.web())).isEqualTo(expected);
    if (task.equals("STOPPED")) {
      assertThat(f.runtime.tasks).isEmpty();
    }
  }

  @ParameterizedTest(name = "{0} record: {1}")
  @CsvSource({
    "ABSENT,  EXITED 5 CRI",
    "CREATED, EXITED 5 CRI",
    "RUNNING, EXITED 5 CRI",
    "PENDING, EXITED 7 EVENT",
    "EXITED,  EXITED 7 EVENT",
  })
  void whenTheTaskIsGoneTheCriPluginIsAsked(String record, String expected) {
    SyncFixture f = new SyncFixture();
    leave(f, record);
    say(f, "NOT_FOUND");
    f.runtime.pastRuns.put(WEB, new PastRun(STARTED, new Exit(5, EXITED_AT, ExitSource.CRI)));

    f.started();

    assertThat(describe(f.web())).isEqualTo(expected);
    assertThat(f.web().startedAt()).isEqualTo(STARTED);
    assertThat(f.recorded().exitedAt()).isEqualTo(EXITED_AT);
  }

  @Test
  void aCriPluginThatCannotAnswerYetIsAskedAgain() {
    SyncFixture f = new SyncFixture();
    leave(f, "RUNNING");
    say(f, "NOT_FOUND");
    f.runtime.pastRuns.put(WEB, new PastRun(STARTED, new Exit(5, EXITED_AT, ExitSource.CRI)));
    f.runtime.fail("pastRun", Kind.TRANSIENT);
    f.started();
    assertThat(describe(f.web())).isEqualTo("RUNNING pid");

    f.runtime.heal("pastRun");
    f.advanceSeconds(1);

    assertThat(describe(f.web())).isEqualTo("EXITED 5 CRI");
  }

  @Test
  void aPendingExitIsRecordedInTheEndAlthoughTheRuntimeSaysThatTheTaskLives() {
    SyncFixture f = new SyncFixture();
    leave(f, "PENDING");
    say(f, "RUNNING");

    f.started();
    f.advance(SyncSettings.DEFAULTS.finalizeAfter());

    assertThat(describe(f.web())).isEqualTo("EXITED 7 EVENT");
    assertThat(f.web().cleanupPending()).isTrue();
    assertThat(f.runtime.tasks).isNotEmpty();
  }

  private static void leave(SyncFixture f, String record) {
    ContainerRecord created = ContainerRecord.of(INFO);
    Running run = new Running(PID, null, STARTED, false);
    switch (record) {
      case "ABSENT" -> {}
      case "CREATED" -> f.store.create(created);
      case "RUNNING" -> f.store.create(created.withRun(run));
      case "PENDING" ->
          f.store.create(created.withRun(new Ending(run, PendingExit.of(KNOWN, EXITED_AT))));
      case "EXITED" -> f.store.create(created.withRun(new Ended(PID, STARTED, KNOWN, false)));
      default -> throw new IllegalArgumentException(record);
    }
  }

  private static void say(SyncFixture f, String task) {
    f.runtime.containers.put(WEB, INFO);
    switch (task) {
      case "NOT_FOUND" -> {}
      case "ERROR" -> {
        f.runtime.task(WEB, Status.UNKNOWN, PID, 0, null);
        f.runtime.fail("getTask", Kind.TRANSIENT);
      }
      case "STOPPED" -> f.runtime.task(WEB, Status.STOPPED, PID, 3, EXITED_AT);
      default -> f.runtime.task(WEB, Status.valueOf(task), PID, 0, null);
    }
  }

  private static String describe(ContainerRecord container) {
    Exit exit = container.exit();
    return container.state()
        + (exit == null ? "" : " " + exit.code() + " " + exit.source())
        + (container.pid() == 0 ? "" : " pid")
        + (container.paused() ? " paused" : "")
        + (container.pendingExit() == null ? "" : " pending");
  }
}
