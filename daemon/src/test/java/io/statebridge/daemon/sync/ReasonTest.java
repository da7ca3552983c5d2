package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Why a container ended: for want of memory, or because it could not be started. */
class ReasonTest {

  private static final Instant CREATED_AT = FakeLoop.START.plusMillis(10);
  private static final ContainerInfo OF_CRI =
      new ContainerInfo(
          WEB, "image", "runc", Map.of(), "", FakeLoop.START.minusSeconds(60), "{}", "");
  private static final Exit START_ERROR =
      new Exit(128, EXITED_AT, ExitSource.CRI, Exit.START_ERROR, "no such file");

  @Test
  void exitAfterAnOutOfMemoryEventSaysSo() {
    for (Setting deletes : new Setting[] {Setting.NEVER, Setting.ALWAYS}) {
      SyncFixture f = withRunningContainer(deletes);
      f.emit(new OutOfMemory(WEB));

      f.exit(137);

      assertThat(f.recorded())
          .isEqualTo(new Exit(137, EXITED_AT, ExitSource.EVENT).withReason(Exit.OOM_KILLED));
    }
  }

  @Test
  void outOfMemoryEventThatComesAfterTheExitRefinesItsReasonAlone() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.exit(137);

    f.emit(new OutOfMemory(WEB));

    assertThat(f.recorded())
        .isEqualTo(new Exit(137, EXITED_AT, ExitSource.EVENT).withReason(Exit.OOM_KILLED));
  }

  @Test
  void outOfMemoryEventWhileTheTaskIsBeingDeletedIsKept() {
    SyncFixture f = withRunningContainer(Setting.ALWAYS);
    f.runtime.hold("deleteTask");
    f.exit(137);
    f.emit(new OutOfMemory(WEB));

    f.runtime.release("deleteTask");
    f.loop.run();

    assertThat(f.recorded().reason()).isEqualTo(Exit.OOM_KILLED);
    assertThat(f.recorded().code()).isEqualTo(137);
  }

  @Test
  void outOfMemoryEventAfterTheRemovalRefinesWhatIsKept() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.exit(137);
    f.runtime.containers.clear();
    f.runtime.tasks.clear();
    f.emit(new ContainerDeleted(WEB));

    f.emit(new OutOfMemory(WEB));

    Exit kept = f.store.getOrRemoved(WEB).orElseThrow().record().exit();
    assertThat(Objects.requireNonNull(kept).reason()).isEqualTo(Exit.OOM_KILLED);
  }

  @Test
  void nextRunIsNotBlamedForTheOutOfMemoryOfTheOneBefore() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.emit(new OutOfMemory(WEB));
    f.exit(137);
    Instant later = EXITED_AT.plusSeconds(5);
    f.runtime.task(WEB, Status.CREATED, 4712, 0, null);
    f.emit(new TaskCreated(WEB, 4712, "/bundle", later));
    f.emit(new TaskStarted(WEB, 4712, later));

    f.emit(exited("web", 4712, 137, later.plusSeconds(1)));

    assertThat(f.recorded().reason()).isEqualTo("Error");
  }

  @Test
  void outOfMemoryEventCallsNothing() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.calls.clear();

    f.emit(new OutOfMemory(WEB));

    assertThat(f.runtime.calls).isEmpty();
  }

  @Test
  void startThatFailsWithoutAnyEventIsAskedOfThePluginSoon() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));
    f.runtime.pastRuns.put(WEB, new PastRun(null, START_ERROR));

    f.advance(Duration.ofSeconds(1));

    assertThat(f.recorded()).isEqualTo(START_ERROR);
    assertThat(f.web().startedAt()).isNull();
  }

  @Test
  void containerThatIsNotStartedIsAskedAboutEverMoreRarely() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));

    f.advance(Duration.ofMinutes(10));

    // Soon after its creation, and then with each comparison.
    assertThat(f.runtime.count("pastRun")).isLessThanOrEqualTo(7 + 20);
    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
  }

  @Test
  void pluginThatIsLoadedAgainIsAskedForTheEndsThatNobodyObserved() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.emit(new ContainerChanged(WEB));
    f.emit(new TaskStarted(WEB, PID, CREATED_AT));
    f.runtime.tasks.clear();
    f.advance(Duration.ofMinutes(5));
    Exit unknown = f.recorded();
    Exit told = new Exit(7, EXITED_AT, ExitSource.CRI);
    f.runtime.pastRuns.put(WEB, new PastRun(CREATED_AT, told));
    f.advance(Duration.ofMinutes(5));
    Exit before = f.recorded();

    f.runtime.endStream();
    f.advance(Duration.ofSeconds(1));

    assertThat(unknown.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(before).isEqualTo(unknown);
    assertThat(f.recorded()).isEqualTo(told);
  }

  @Test
  void outOfMemoryEventBeforeAnExitThatIsReportedTooLateIsKept() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());
    Exit unknown = f.recorded();

    f.emit(new OutOfMemory(WEB));
    f.emit(exited("web", PID, 137, EXITED_AT));

    assertThat(unknown.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(unknown.reason()).isEqualTo("Unknown");
    assertThat(f.recorded().reason()).isEqualTo(Exit.OOM_KILLED);
  }

  /** Which is no reason to hold up the events of its container. */
  @Test
  void pluginThatHangsHoldsUpNoEvent() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));
    f.runtime.hold("pastRun");
    f.advance(Duration.ofSeconds(1));

    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.emit(new TaskStarted(WEB, PID, CREATED_AT));
    ContainerState meanwhile = f.web().state();
    f.runtime.pastRuns.put(WEB, new PastRun(null, START_ERROR));
    f.runtime.release("pastRun");
    f.loop.run();

    assertThat(meanwhile).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  /** The plugin knows it, and events told of the process alone that was to become its program. */
  private static SyncFixture failedToStart() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));
    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.emit(exited(137));
    f.emit(new TaskDeleted(WEB, PID, new Exit(137, EXITED_AT, ExitSource.EVENT)));
    f.runtime.pastRuns.put(WEB, new PastRun(null, START_ERROR));
    return f;
  }

  @Test
  void pluginIsAskedOnceAboutACreatedContainerThatIsSettled() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));
    long asked = f.runtime.count("pastRun");

    f.sync.settle(List.of(WEB));
    f.loop.run();

    assertThat(f.runtime.count("pastRun") - asked).isOne();
  }

  /** A client that starts it through us reads what became of it at once. */
  @Test
  void failedStartIsKnownWhenItsContainerIsSettled() {
    SyncFixture f = failedToStart();

    CompletableFuture<Void> settled = f.sync.settle(List.of(WEB)).toCompletableFuture();
    f.loop.run();

    assertThat(settled).isCompleted();
    assertThat(f.recorded()).isEqualTo(START_ERROR);
  }

  @Test
  void processThatWasKilledBeforeTheStartIsNotTheContainersEnd() {
    SyncFixture f = failedToStart();

    f.advance(Duration.ofMillis(100));

    assertThat(f.recorded()).isEqualTo(START_ERROR);
  }

  @Test
  void exitOfARunWhoseStartWasNotSeenKeepsItsCodeWhateverThePluginSays() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, OF_CRI);
    f.emit(new ContainerChanged(WEB));
    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.emit(exited(7));
    Instant startedAt = CREATED_AT.plusMillis(1);
    f.runtime.pastRuns.put(WEB, new PastRun(startedAt, new Exit(9, EXITED_AT, ExitSource.CRI)));

    f.advance(Duration.ofSeconds(1));

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    assertThat(f.web().startedAt()).isEqualTo(startedAt);
  }

  @Test
  void taskThatIsKilledBeforeItIsStartedNeverStarted() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.add(WEB, Status.CREATED, PID);
    f.started();

    f.exit(137);

    ContainerRecord record = f.web();
    assertThat(record.state()).isEqualTo(ContainerState.EXITED);
    assertThat(record.startedAt()).isNull();
  }
}
