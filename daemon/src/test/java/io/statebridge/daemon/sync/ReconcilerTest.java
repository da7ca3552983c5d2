package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a comparison of the runtime's list with the store brings about. */
class ReconcilerTest {

  private static final Duration INTERVAL = SyncSettings.DEFAULTS.reconcileInterval();

  @Test
  void whatRanBeforeWeStartedIsInTheStore() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.started();

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(PID);
    assertThat(f.web().startedAt()).isEqualTo(SyncFixture.STARTED_AT);
  }

  @Test
  void whatRanBeforeWeStartedIsAddedAsRunningInOneStep() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.started();

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.store.revision()).isEqualTo(1);
  }

  @Test
  void taskThatStoppedBeforeWeStartedIsFinishedWithItsTrueCode() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.endSilently(9);

    f.started();

    assertThat(f.recorded()).isEqualTo(new Exit(9, EXITED_AT, ExitSource.LISTED));
    assertThat(f.runtime.tasks).isEmpty();
  }

  /** Which takes as long as all shims together that do not answer. */
  @Test
  void tasksThatCannotBeListedInTimeAreAskedForOneByOne() {
    SyncFixture f = new SyncFixture();
    ContainerId db = new ContainerId("bars", "db");
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.runtime.add(db, Status.RUNNING, 12);
    f.runtime.fail("listTasks", Kind.TRANSIENT);

    f.started();

    assertThat(f.sync.status().phase()).isEqualTo(Phase.LIVE);
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.store.get(db).orElseThrow().record().pid()).isEqualTo(12);
    f.endSilently(7);
    f.advance(INTERVAL);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void shimsThatDoNotAnswerKeepNobodyFromBeingInSyncAndAreNamed() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.runtime.fail("listTasks", Kind.TRANSIENT);
    f.runtime.fail("getTask", Kind.TRANSIENT);

    f.started();
    f.advance(INTERVAL);

    assertThat(f.sync.status().phase()).isEqualTo(Phase.LIVE);
    assertThat(f.sync.silentShims()).containsExactly(WEB);

    f.runtime.heal("getTask");
    f.advance(INTERVAL);
    assertThat(f.sync.silentShims()).isEmpty();
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void aTaskWhoseStateTheListDoesNotKnowIsOfASilentShim() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.UNKNOWN, PID, 0, null);

    f.advance(INTERVAL);
    Set<ContainerId> silent = f.sync.silentShims();
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.advance(INTERVAL);

    assertThat(silent).containsExactly(WEB);
    assertThat(f.sync.silentShims()).isEmpty();
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void tasksAreAskedForSideBySideButNotAllAtOnce() {
    SyncFixture f = new SyncFixture();
    for (int i = 0; i < 100; i++) {
      f.runtime.add(new ContainerId("bars", "web-" + i), Status.RUNNING, 100 + i);
    }
    f.runtime.fail("listTasks", Kind.TRANSIENT);
    f.runtime.delay("getTask");

    f.started();

    assertThat(f.runtime.count("getTask")).isEqualTo(RuntimeCalls.TASKS_AT_A_TIME);
    f.runtime.release("getTask");
    f.loop.run();
    assertThat(f.sync.status().phase()).isEqualTo(Phase.LIVE);
  }

  @Test
  void stoppedTaskOfANamespaceThatWeOnlyObserveIsRecordedAndLeft() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.endSilently(9);
    f.started();
    long revision = f.store.revision();
    long inspections = f.runtime.count("getTask");

    f.advance(INTERVAL.multipliedBy(3));

    assertThat(f.recorded()).isEqualTo(new Exit(9, EXITED_AT, ExitSource.LISTED));
    assertThat(f.runtime.tasks).containsKey(WEB);
    assertThat(f.store.revision()).isEqualTo(revision);
    assertThat(f.runtime.count("getTask")).isEqualTo(inspections);
  }

  @Test
  void exitWhoseEventWasLostIsFoundByTheTimer() {
    SyncFixture f = withRunningContainer();
    f.endSilently(7);

    f.advance(INTERVAL);

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
    assertThat(f.sync.counters().reconcileDifferences.sum()).isOne();
  }

  @Test
  void taskThatIsGoneWithoutATraceIsFlaggedUnknown() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();

    f.advance(INTERVAL);
    assertThat(f.web().exit()).isNull();
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.recorded().code()).isEqualTo(Exit.UNKNOWN_CODE);
    assertThat(f.recorded().source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(f.recorded().reason()).isEqualTo("Unknown");
  }

  @Test
  void exitWhoseEventComesAfterTheListMissedTheTaskIsNotCalledUnknown() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();
    f.advance(INTERVAL);

    f.emit(SyncFixture.exited(7));

    assertThat(f.recorded().code()).isEqualTo(7);
    assertThat(f.recorded().source()).isEqualTo(ExitSource.EVENT);
    assertThat(f.sync.counters().recordedExits()).containsOnlyKeys(ExitSource.EVENT);
  }

  @Test
  void absenceFromTheListIsNotGone() {
    SyncFixture f = withRunningContainer();
    ContainerRecord before = f.web();
    f.runtime.listsOmitTasks = true;
    long asked = f.runtime.count("getTask bars/web");

    f.advance(INTERVAL);

    assertThat(f.runtime.count("getTask bars/web")).isGreaterThan(asked);
    assertThat(f.web()).isEqualTo(before);
  }

  @Test
  void failingGetIsNotGone() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();
    f.runtime.fail("getTask", Kind.TRANSIENT);

    f.advance(INTERVAL.multipliedBy(3));

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void shimThatIsTooSlowToTellChangesNothing() {
    SyncFixture f = withRunningContainer();
    ContainerRecord before = f.web();
    f.runtime.task(WEB, Status.UNKNOWN, 0, 0, null);

    f.advance(INTERVAL.multipliedBy(2));

    assertThat(f.web()).isEqualTo(before);
  }

  @Test
  void containerRemovedUnseenLeavesTheStore() {
    SyncFixture f = withRunningContainer();
    f.runtime.tasks.clear();
    f.runtime.containers.clear();

    f.advance(INTERVAL);
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.store.get(WEB)).isEmpty();
  }

  @Test
  void newRunUnderTheSameIdEndsTheOldOneFirst() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.RUNNING, 4712, 0, null);

    f.advance(INTERVAL);
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(4712);
    assertThat(f.sync.counters().recordedExits()).containsEntry(ExitSource.UNKNOWN, 1L);
  }

  @Test
  void wholeRunThatCameAndWentUnseenIsRecordedOverTheEarlierOne() {
    SyncFixture f = withRunningContainer();
    f.exit(0);
    Instant later = EXITED_AT.plusSeconds(5);
    f.runtime.task(WEB, Status.STOPPED, 4712, 3, later);

    f.advance(INTERVAL);

    assertThat(f.recorded()).isEqualTo(new Exit(3, later, ExitSource.LISTED));
    assertThat(f.runtime.tasks).isEmpty();
  }

  @Test
  void pauseThatNobodyToldIsFound() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.PAUSED, PID, 0, null);

    f.advance(INTERVAL);

    assertThat(f.web().paused()).isTrue();
    assertThat(f.web().pid()).isEqualTo(PID);
  }

  @Test
  void changedMetadataIsFound() {
    SyncFixture f = withRunningContainer();
    f.runtime.containers.put(
        WEB, new ContainerInfo(WEB, "image", "runc", Map.of("a", "b"), "pod", null));

    f.advance(INTERVAL);

    assertThat(f.web().labels()).containsEntry("a", "b");
    assertThat(f.web().info().sandboxId()).isEqualTo("pod");
  }

  @Test
  void oldListNeverOverwritesANewerEvent() {
    SyncFixture f = withRunningContainer();
    f.runtime.hold("listContainers");
    f.advance(INTERVAL);
    f.exit(7);

    f.runtime.release("listContainers");
    f.loop.run();

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
  }

  @Test
  void healthyNodeCostsTwoListsANamespaceAndNoGet() {
    SyncFixture f = new SyncFixture();
    for (int i = 0; i < 100; i++) {
      f.runtime.add(new ContainerId("bars", "c" + i), Status.RUNNING, 100 + i);
    }
    f.started();
    f.runtime.calls.clear();

    f.advance(INTERVAL);

    assertThat(f.runtime.calls)
        .filteredOn(call -> !call.equals("publishProbe"))
        .containsExactlyInAnyOrder("namespaces", "listContainers bars", "listTasks bars");
  }

  @Test
  void noMoreThanAWindowOfInspectionsIsUnderWay() {
    SyncFixture f = new SyncFixture();
    int window = SyncSettings.DEFAULTS.inspectionWindow();
    int containers = window * 3;
    for (int i = 0; i < containers; i++) {
      f.runtime.add(new ContainerId("bars", "c" + i), Status.RUNNING, 100 + i);
    }
    f.runtime.hold("getContainer");
    f.started();
    long underWay = f.runtime.count("getContainer");

    f.runtime.release("getContainer");
    f.loop.run();

    assertThat(underWay).isEqualTo(window);
    assertThat(f.store.snapshot().entries()).hasSize(containers);
    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void queueThatIsStuckDoesNotHoldUpThePass() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.exit(7);

    f.runtime.endStream();
    f.advanceSeconds(5);

    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void namespaceThatNobodyAskedForIsLeftAlone() {
    SyncFixture f =
        new SyncFixture(
            new DeletePolicy(Setting.AUTO, Map.of("looks", Setting.NEVER)), SyncSettings.DEFAULTS);
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.started();

    assertThat(f.store.snapshot().entries()).isEmpty();
    assertThat(f.runtime.calls).contains("listTasks looks").doesNotContain("listTasks bars");
  }

  @Test
  void stoppedTaskOfANewRunIsNotTakenForTheEndOfTheOldOne() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.STOPPED, 4712, 3, EXITED_AT);

    f.advance(INTERVAL);
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.recorded()).isEqualTo(new Exit(3, EXITED_AT, ExitSource.LISTED));
    assertThat(f.web().startedAt()).isNull();
    assertThat(f.sync.counters().recordedExits())
        .containsOnly(Map.entry(ExitSource.UNKNOWN, 1L), Map.entry(ExitSource.LISTED, 1L));
  }

  @Test
  void startIsNotBeforeTheCreationAlthoughTheKernelsClockIsCoarse() {
    SyncFixture f = new SyncFixture();
    Instant created = SyncFixture.STARTED_AT.plusMillis(9);
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB, created));

    f.started();

    assertThat(f.web().startedAt()).isEqualTo(created);
  }

  @Test
  void taskThatWasLeftToACriPluginIsDeletedOnceThatIsGone() {
    ContainerId pod = new ContainerId("k8s.io", "pod");
    SyncFixture f = new SyncFixture(Setting.AUTO);
    f.runtime.criPlugin = true;
    f.runtime.containers.put(pod, FakeRuntime.info(pod));
    f.runtime.task(pod, Status.STOPPED, PID, 7, EXITED_AT);
    f.started();
    boolean leftAlone = f.runtime.tasks.containsKey(pod);

    f.runtime.criPlugin = false;
    f.runtime.endStream();
    f.advanceSeconds(1);

    assertThat(leftAlone).isTrue();
    assertThat(f.runtime.tasks).isEmpty();
    assertThat(f.store.get(pod).orElseThrow().record().exit())
        .isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void cleanupThatNobodyWorksOnAnyMoreIsTakenUp() {
    SyncFixture f = withRunningContainer();
    f.exit(7);
    Exit exit = f.recorded();
    f.store.update(WEB, c -> c.withRun(new Ended(PID, c.startedAt(), exit, true)));

    f.advance(INTERVAL);

    assertThat(f.web().cleanupPending()).isFalse();
  }

  @Test
  void pendingExitThatNobodyWorksOnAnyMoreIsTakenUp() {
    SyncFixture f = withRunningContainer();
    Exit exit = new Exit(7, EXITED_AT, ExitSource.EVENT);
    f.endSilently(7);
    f.store.update(
        WEB, c -> c.withRun(new Ending((Live) c.run(), PendingExit.of(exit, f.loop.now()))));

    f.advance(INTERVAL);

    assertThat(f.recorded()).isEqualTo(exit);
    assertThat(f.runtime.tasks).isEmpty();
  }

  @Test
  void pendingExitThatItsQueueWorksOnIsNoDifference() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.exit(7);

    f.advance(INTERVAL.multipliedBy(3));

    assertThat(f.sync.counters().reconciles.sum()).isEqualTo(4);
    assertThat(f.sync.counters().reconcileDifferences.sum()).isZero();
  }

  @Test
  void queueThatIsBusyWithSomethingElseDoesNotHoldUpThePass() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("getContainer", Kind.TRANSIENT);
    f.emit(new ContainerChanged(WEB));
    f.runtime.task(WEB, Status.PAUSED, PID, 0, null);

    f.runtime.endStream();
    f.advanceSeconds(1);

    assertThat(f.sync.status().inSync()).isTrue();
  }
}
