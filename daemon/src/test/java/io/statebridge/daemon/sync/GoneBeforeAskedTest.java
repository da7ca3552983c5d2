package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Containers whose metadata the runtime does not have any more when they are asked about. */
class GoneBeforeAskedTest {

  private static final Exit SEVEN = new Exit(7, EXITED_AT, ExitSource.EVENT);
  private static final Instant CREATED_AT = FakeLoop.START.plusMillis(10);

  /** All events of a short life come after it is over. */
  private static void emitAll(SyncFixture f) {
    f.runtime.emit(new ContainerCreated(WEB, "busybox", "runc"));
    f.runtime.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.runtime.emit(new TaskStarted(WEB, PID, CREATED_AT.plusMillis(1)));
    f.runtime.emit(exited(7));
    f.runtime.emit(new TaskDeleted(WEB, PID, SEVEN));
    f.runtime.emit(new ContainerDeleted(WEB));
    f.loop.run();
  }

  @Test
  void containerThatIsGoneBeforeItCouldBeAskedAboutIsRecordedFromItsEvents() {
    for (Setting deletes : new Setting[] {Setting.NEVER, Setting.ALWAYS}) {
      SyncFixture f = new SyncFixture(deletes).started();

      emitAll(f);

      assertThat(f.store.get(WEB)).isEmpty();
      ContainerRecord removed = f.store.getOrRemoved(WEB).orElseThrow().record();
      assertThat(removed.exit()).isEqualTo(SEVEN);
      assertThat(removed.startedAt()).isEqualTo(CREATED_AT.plusMillis(1));
      assertThat(removed.info().image()).isEqualTo("busybox");
      assertThat(f.sync.counters().droppedExits.sum()).isZero();
      assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 1L));
    }
  }

  @Test
  void exitThatOvertakesTheCreationOfItsTaskIsRecordedToo() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();

    f.emit(new ContainerCreated(WEB, "busybox", "runc"));
    f.runtime.emit(exited(7));
    f.runtime.emit(new ContainerDeleted(WEB));
    f.runtime.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.loop.run();
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.store.getOrRemoved(WEB).orElseThrow().record().exit()).isEqualTo(SEVEN);
  }

  @Test
  void theNextOneOfTheSameNameIsRecordedLikewise() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    emitAll(f);
    Instant later = EXITED_AT.plusSeconds(10);
    Exit nine = new Exit(9, later.plusSeconds(1), ExitSource.EVENT);

    f.runtime.emit(new ContainerCreated(WEB, "busybox", "runc"));
    f.runtime.emit(new TaskCreated(WEB, 4712, "/bundle", later));
    f.runtime.emit(exited("web", 4712, 9, later.plusSeconds(1)));
    f.runtime.emit(new ContainerDeleted(WEB));
    f.loop.run();

    assertThat(f.store.getOrRemoved(WEB).orElseThrow().record().exit()).isEqualTo(nine);
  }

  @Test
  void containerOfWhichOnlyTheBeginningIsReportedLeavesTheStoreAgain() {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();

    f.emit(new ContainerCreated(WEB, "busybox", "runc"));
    f.emit(new TaskCreated(WEB, PID, "/bundle", CREATED_AT));
    f.advance(SyncSettings.DEFAULTS.lateness().multipliedBy(3));

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().recordedExits()).isEmpty();
  }

  @Test
  void containerThatIsDeletedWhileItRunsIsAnOrphanUntilItEnds() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.containers.clear();
    f.runtime.tasks.clear();
    f.orphanLives = true;

    f.emit(new ContainerDeleted(WEB));
    f.advance(Duration.ofMinutes(5));
    ContainerRecord orphan = f.web();
    f.orphanLives = false;
    f.emit(exited(7));

    assertThat(orphan.state()).isEqualTo(ContainerState.RUNNING);
    assertThat(orphan.orphaned()).isTrue();
    assertThat(f.sync.counters().reconcileDifferences.sum()).isZero();
    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.store.getOrRemoved(WEB).orElseThrow().record().exit()).isEqualTo(SEVEN);
  }

  @Test
  void orphanThatEndsUnseenIsFlaggedUnknown() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.containers.clear();
    f.runtime.tasks.clear();
    f.orphanLives = true;
    f.emit(new ContainerDeleted(WEB));

    f.orphanLives = false;
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.UNKNOWN, 1L));
  }

  /** Tasks/Get asks for the container first, Tasks/List does not. */
  @Test
  void orphanThatEndedWhileWeWereAwayHasTheListedExit() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.containers.clear();
    f.orphanLives = true;
    f.runtime.orphans.add(WEB);
    f.emit(new ContainerDeleted(WEB));
    boolean orphaned = f.web().orphaned();

    f.orphanLives = false;
    f.runtime.task(WEB, Status.STOPPED, PID, 7, EXITED_AT);
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());

    assertThat(orphaned).isTrue();
    assertThat(f.store.getOrRemoved(WEB).orElseThrow().record().exit())
        .isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void orphanThatWasThereBeforeUsIsShown() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(
        new ContainerId("bars", "other"), FakeRuntime.info(new ContainerId("bars", "other")));
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.runtime.orphans.add(WEB);

    f.started();

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().orphaned()).isTrue();
    assertThat(f.web().pid()).isEqualTo(PID);
  }

  @Test
  void newContainerOfTheIdTakesTheRunningTaskOver() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.containers.clear();
    f.runtime.orphans.add(WEB);
    f.emit(new ContainerDeleted(WEB));
    Instant later = FakeLoop.START.plusSeconds(60);

    f.runtime.orphans.clear();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, later));
    f.emit(new ContainerCreated(WEB, "busybox", "runc"));

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().orphaned()).isFalse();
    assertThat(f.web().info().createdAt()).isEqualTo(later);
  }
}
