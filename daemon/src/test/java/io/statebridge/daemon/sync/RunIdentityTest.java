package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whose exit it is: of which run, and of which of the containers that had the id. */
class RunIdentityTest {

  private static final long NEXT = 4712;
  private static final Instant LATER = EXITED_AT.plusSeconds(5);
  private static final Exit ZERO = new Exit(0, EXITED_AT, ExitSource.EVENT);
  private static final Exit SEVEN = new Exit(7, EXITED_AT, ExitSource.EVENT);
  private static final Exit FORTY_TWO = new Exit(42, LATER, ExitSource.EVENT);

  private static void lateness(SyncFixture f) {
    f.advance(SyncSettings.DEFAULTS.lateness());
  }

  /** A container that ended, and whose task somebody has deleted. */
  private static SyncFixture withEndedContainer() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.exit(0);
    f.runtime.tasks.clear();
    return f;
  }

  @Test
  void exitOfARunWhoseCreationWasNotSeenIsRecordedAfterTheOneBefore() {
    SyncFixture f = withEndedContainer();

    f.emit(new TaskStarted(WEB, NEXT, LATER.minusSeconds(1)));
    f.emit(new Exited(WEB, "web", NEXT, FORTY_TWO));
    f.emit(new TaskDeleted(WEB, NEXT, FORTY_TWO));

    assertThat(f.recorded()).isEqualTo(FORTY_TWO);
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 2L));
  }

  @Test
  void deletionOfARunOfWhichNothingElseWasSeenIsItsExit() {
    SyncFixture f = withEndedContainer();

    f.emit(new TaskDeleted(WEB, NEXT, FORTY_TWO));

    assertThat(f.recorded()).isEqualTo(FORTY_TWO);
  }

  @Test
  void creationThatComesAfterTheExitOfItsRunChangesNothing() {
    SyncFixture f = withEndedContainer();
    f.emit(new Exited(WEB, "web", NEXT, FORTY_TWO));
    ContainerRecord recorded = f.web();

    f.emit(new TaskCreated(WEB, NEXT, "/bundle", LATER.minusSeconds(2)));
    f.emit(new TaskDeleted(WEB, NEXT, FORTY_TWO));

    assertThat(recorded.exit()).isEqualTo(FORTY_TWO);
    assertThat(f.web()).isEqualTo(recorded);
  }

  @Test
  void exitOfTheNextRunAfterAGapIsRecordedAfterTheEndOfTheOneThatRan() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();

    f.emit(new Exited(WEB, "web", NEXT, FORTY_TWO));
    lateness(f);

    assertThat(f.recorded()).isEqualTo(FORTY_TWO);
    assertThat(f.sync.counters().recordedExits())
        .isEqualTo(Map.of(ExitSource.UNKNOWN, 1L, ExitSource.EVENT, 1L));
  }

  @Test
  void deletionTellsTheExitOfARunThatTheRecordDoesNotKnowOf() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();

    f.emit(new TaskDeleted(WEB, PID, SEVEN));

    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void creationOfTheNextRunThatOvertakesTheExitOfTheOneBeforeWaitsForIt() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.task(WEB, Status.CREATED, NEXT, 0, null);

    f.emit(new TaskCreated(WEB, NEXT, "/bundle", LATER));
    ContainerRecord meanwhile = f.web();
    f.emit(exited(7));

    assertThat(meanwhile.pid()).isEqualTo(PID);
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 1L));
    assertThat(f.web().pid()).isEqualTo(NEXT);
    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
  }

  @Test
  void exitDatedBeforeItsTaskCountsWhoeverReportsIt() {
    for (ExitSource source : new ExitSource[] {ExitSource.EVENT, ExitSource.SHIM}) {
      SyncFixture f = new SyncFixture(Setting.NEVER);
      f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
      f.started();
      f.emit(new TaskCreated(WEB, PID, "/bundle", LATER));
      f.emit(new TaskStarted(WEB, PID, LATER));

      f.emit(new Exited(WEB, "web", PID, new Exit(7, EXITED_AT, source)));

      assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, source));
    }
  }

  @Test
  void createdTaskIsFollowedAlthoughTheClockWentBackSinceTheLastRun() {
    SyncFixture f = withEndedContainer();
    Instant earlier = EXITED_AT.minus(Duration.ofHours(1));
    f.runtime.task(WEB, Status.CREATED, NEXT, 0, null);

    f.emit(new TaskCreated(WEB, NEXT, "/bundle", earlier));
    f.runtime.task(WEB, Status.RUNNING, NEXT, 0, null);
    f.emit(new TaskStarted(WEB, NEXT, earlier.plusSeconds(1)));

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(NEXT);
  }

  @Test
  void containerMadeAnewWhileWeWereAwayHasNotTheExitOfTheOldOne() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.store.create(
        ContainerRecord.of(FakeRuntime.info(WEB))
            .withRun(new Ended(PID, SyncFixture.STARTED_AT, SEVEN, false)));
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, LATER));

    f.started();

    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
    assertThat(f.web().info().createdAt()).isEqualTo(LATER);
  }

  @Test
  void oneThatRanWhenItWasReplacedIsEndedBeforeTheNewOneIsSeen() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, LATER));

    f.emit(new ContainerChanged(WEB));
    lateness(f);

    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.UNKNOWN, 1L));
    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
    assertThat(f.web().info().createdAt()).isEqualTo(LATER);
  }

  @Test
  void lateEventsOfTheOldContainerNeitherEndNorRemoveTheNewOne() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, LATER));
    f.started();
    f.runtime.task(WEB, Status.RUNNING, NEXT, 0, null);
    f.emit(new TaskCreated(WEB, NEXT, "/bundle", LATER.plusSeconds(1)));
    f.emit(new TaskStarted(WEB, NEXT, LATER.plusSeconds(2)));
    ContainerRecord running = f.web();

    f.emit(exited(7));
    f.emit(new TaskDeleted(WEB, PID, SEVEN));
    f.emit(new ContainerDeleted(WEB));

    assertThat(f.web()).isEqualTo(running);
  }

  @Test
  void lateEventsOfTheOldContainerDoNotEndOneThatNeverRan() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, LATER));
    f.started();
    ContainerRecord created = f.web();

    f.emit(new TaskCreated(WEB, PID, "/bundle", EXITED_AT.minusSeconds(1)));
    f.emit(exited(7));
    f.emit(new TaskDeleted(WEB, PID, SEVEN));
    f.emit(new ContainerDeleted(WEB));

    assertThat(f.web()).isEqualTo(created);
  }

  @Test
  void exitsToldAgainAfterTheRemovalAreNoNewContainers() {
    SyncFixture f = withEndedContainer();
    f.runtime.containers.clear();
    f.emit(new ContainerDeleted(WEB));

    f.emit(exited(0));
    f.emit(new TaskDeleted(WEB, PID, ZERO));

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().droppedExits.sum()).isZero();
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 1L));
  }
}
