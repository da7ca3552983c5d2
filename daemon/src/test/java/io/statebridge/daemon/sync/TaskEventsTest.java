package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerEvent.TaskResumed;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.TaskInfo.Status;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the events other than exits do to a record. */
class TaskEventsTest {

  private static final Instant CREATED_AT = FakeLoop.START.plusMillis(10);
  private static final Instant STARTED_AT = FakeLoop.START.plusMillis(20);

  @Test
  void containerIsFollowedFromItsCreationToItsRemoval() {
    SyncFixture f = new SyncFixture().started();

    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.emit(new ContainerChanged(WEB));
    ContainerRecord created = f.web();
    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    ContainerRecord withTask = f.web();
    f.emit(new TaskStarted(WEB, PID, STARTED_AT));
    ContainerRecord started = f.web();
    f.exit(0);
    f.runtime.containers.clear();
    f.emit(new ContainerDeleted(WEB));

    assertThat(created.state()).isEqualTo(ContainerState.CREATED);
    assertThat(created.pid()).isZero();
    assertThat(withTask.state()).isEqualTo(ContainerState.CREATED);
    assertThat(withTask.pid()).isEqualTo(PID);
    assertThat(started.state()).isEqualTo(ContainerState.RUNNING);
    assertThat(started.startedAt()).isEqualTo(STARTED_AT);
    assertThat(f.store.get(WEB)).isEmpty();
  }

  @Test
  void changedLabelsAreTakenOver() {
    SyncFixture f = withRunningContainer();
    ContainerInfo info = FakeRuntime.info(WEB);
    f.runtime.containers.put(
        WEB,
        new ContainerInfo(
            WEB, info.image(), info.runtime(), Map.of("a", "b"), "", info.createdAt()));

    f.emit(new ContainerChanged(WEB));

    assertThat(f.web().labels()).containsEntry("a", "b");
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void aSandboxThatNoEventToldOfIsSeenWithItsFirstContainer() {
    ContainerId pod = new ContainerId("bars", "pod");
    SyncFixture f = new SyncFixture().started();
    f.runtime.containers.put(
        pod, new ContainerInfo(pod, "", "", Map.of("io.cri-containerd.kind", "sandbox"), "", null));
    f.runtime.task(pod, Status.RUNNING, 99, 0, null);
    f.runtime.containers.put(WEB, new ContainerInfo(WEB, "", "", Map.of(), "pod", null));

    f.emit(new ContainerChanged(WEB));

    assertThat(f.store.get(pod).map(entry -> entry.record().state()))
        .contains(ContainerState.RUNNING);
  }

  @Test
  void pauseIsAFlagBesideTheState() {
    SyncFixture f = withRunningContainer();

    f.emit(new TaskPaused(WEB));
    ContainerRecord paused = f.web();
    f.emit(new TaskResumed(WEB));

    assertThat(paused.paused()).isTrue();
    assertThat(paused.state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().paused()).isFalse();
  }

  @Test
  void exitThatOvertakesTheStartIsKeptAndTheStartIsNoLaterThanIt() {
    SyncFixture f = new SyncFixture().started();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.emit(new ContainerChanged(WEB));
    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.exit(7);

    f.emit(new TaskStarted(WEB, PID, EXITED_AT.plusSeconds(1)));

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    assertThat(f.web().startedAt()).isEqualTo(EXITED_AT);
  }

  @Test
  void startOfAnUnknownTaskIsLookedUp() {
    SyncFixture f = new SyncFixture().started();
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.emit(new TaskStarted(WEB, PID, STARTED_AT));

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(PID);
  }

  @Test
  void startThatTheListFoundIsCorrectedByItsEvent() {
    SyncFixture f = withRunningContainer();
    assertThat(f.web().startedAt()).isEqualTo(SyncFixture.STARTED_AT);

    f.emit(new TaskStarted(WEB, PID, STARTED_AT));

    assertThat(f.web().startedAt()).isEqualTo(STARTED_AT);
  }

  @Test
  void creationThatComesTwiceOrLateDoesNotUndoTheRun() {
    SyncFixture f = new SyncFixture().started();
    f.runtime.add(WEB, Status.RUNNING, PID);
    TaskCreated created = new TaskCreated(WEB, PID, "/bundle", CREATED_AT);
    f.emit(new ContainerChanged(WEB));
    f.emit(created);
    f.emit(new TaskStarted(WEB, PID, STARTED_AT));
    f.exit(7);
    ContainerRecord before = f.web();

    f.emit(created);

    assertThat(f.web()).isEqualTo(before);
  }

  @Test
  void lastWordsOfADeletedTaskAreTheExitIfItsEventWasLost() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();

    f.emit(new TaskDeleted(WEB, PID, new Exit(7, EXITED_AT, ExitSource.EVENT)));

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    assertThat(f.web().pid()).isZero();
  }

  @Test
  void taskThatIsDeletedBeforeItRanLeavesTheContainerCreated() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.CREATED, PID);
    f.started();
    f.runtime.tasks.clear();

    f.emit(new TaskDeleted(WEB, PID, null));

    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
    assertThat(f.web().pid()).isZero();
  }

  @Test
  void endThatNobodySawIsToldBeforeARemovedContainersRecordGoes() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();
    f.runtime.containers.clear();

    f.emit(new ContainerDeleted(WEB));
    assertThat(f.web().exit()).isNull();
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().recordedExits()).containsEntry(ExitSource.UNKNOWN, 1L);
  }

  @Test
  void exitWhoseEventComesAfterItsContainerWasRemovedIsTold() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();
    f.runtime.containers.clear();
    f.emit(new ContainerDeleted(WEB));

    f.emit(SyncFixture.exited(7));

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().recordedExits()).containsOnlyKeys(ExitSource.EVENT);
  }

  @Test
  void startOfARunWhoseCreationWasLostIsLookedUp() {
    SyncFixture f = new SyncFixture();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);

    f.emit(new TaskStarted(WEB, PID, STARTED_AT));

    assertThat(f.web().pid()).isEqualTo(PID);
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void newRunTellsTheEndOfTheOneBeforeThatWasLost() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.CREATED, 4712, 0, null);

    f.emit(new TaskCreated(WEB, 4712, "/bundle", CREATED_AT));
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.sync.counters().recordedExits()).containsEntry(ExitSource.UNKNOWN, 1L);
    assertThat(f.web().pid()).isEqualTo(4712);
    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
  }

  @Test
  void lateDeletionOfAnEarlierTaskDoesNotEndThisRun() {
    SyncFixture f = withRunningContainer();
    ContainerRecord before = f.web();

    f.emit(new TaskDeleted(WEB, 4712, new Exit(7, EXITED_AT, ExitSource.EVENT)));

    assertThat(f.web()).isEqualTo(before);
  }
}
