package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.BUNDLE;
import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExitWatchTest {
  private final FakeWaiter shim = new FakeWaiter(ExitSource.SHIM);
  private final FakeWaiter containerd = new FakeWaiter(ExitSource.WAIT);

  private SyncFixture running(Setting delete) {
    SyncFixture f =
        new SyncFixture(
            new DeletePolicy(delete, Map.of()), SyncSettings.DEFAULTS, List.of(shim, containerd));
    f.runtime.add(WEB, Status.RUNNING, PID);
    return f.started();
  }

  private SyncFixture running() {
    return running(Setting.ALWAYS);
  }

  private static void outage(SyncFixture f) {
    List.of("version", "getTask", "deleteTask", "getContainer", "namespaces", "publishProbe")
        .forEach(call -> f.runtime.fail(call, Kind.TRANSIENT));
    f.runtime.endStream();
    f.loop.run();
  }

  private static void endOfOutage(SyncFixture f) {
    List.of("version", "getTask", "deleteTask", "getContainer", "namespaces", "publishProbe")
        .forEach(f.runtime::heal);
    f.advance(SyncSettings.DEFAULTS.reconnectCap());
  }

  @Test
  void whatRanBeforeWeStartedIsAskedForAtItsShim() {
    SyncFixture f = running();

    assertThat(shim.open)
        .extracting(FakeWaiter.Question::id, FakeWaiter.Question::pid, FakeWaiter.Question::bundle)
        .containsExactly(org.assertj.core.groups.Tuple.tuple(WEB, PID, BUNDLE));
    assertThat(containerd.asked).isZero();
    assertThat(f.sync.exitWatches()).containsEntry(ExitSource.SHIM, 1);
  }

  @Test
  void aNewTaskIsAskedForFromItsCreationOnWithTheBundleThatTheEventTells() {
    SyncFixture f = running();
    ContainerId db = new ContainerId("bars", "db");
    f.runtime.add(db, Status.CREATED, 12);
    f.emit(new io.statebridge.api.ContainerEvent.ContainerChanged(db));

    f.emit(new TaskCreated(db, 12, "/bundles/db", EXITED_AT));

    assertThat(shim.open.getLast().id()).isEqualTo(db);
    assertThat(shim.open.getLast().pid()).isEqualTo(12);
    assertThat(shim.open.getLast().bundle()).isEqualTo("/bundles/db");
  }

  @Test
  void anExitDuringAnOutageIsVisibleAtOnceAndRecordedWhenTheRuntimeIsBack() {
    SyncFixture f = running();
    outage(f);

    f.endSilently(7);
    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();
    Exit visible = f.pending().exit();
    f.advanceSeconds(5);
    ContainerState during = f.web().state();
    f.runtime.tasks.clear();
    endOfOutage(f);

    assertThat(visible).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
    assertThat(during).isEqualTo(ContainerState.RUNNING);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
  }

  @Test
  void anExitDuringAnOutageIsRecordedAtOnceWhereNothingIsDeleted() {
    SyncFixture f = running(Setting.NEVER);
    outage(f);

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
  }

  @Test
  void aShimThatIsTooSlowToAnswerInTimeIsBetterThanNoExit() {
    SyncFixture f = running(Setting.NEVER);
    f.runtime.tasks.clear();
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());
    Exit unknown = f.recorded();

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(unknown.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
    assertThat(f.sync.exitWatches().get(ExitSource.SHIM)).isZero();
  }

  @Test
  void aShimThatNeverAnswersIsNotWaitedForForEver() {
    SyncFixture f = running(Setting.NEVER);
    f.runtime.tasks.clear();
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());
    boolean waiting = shim.open.size() == 1;

    f.advance(ExitWatch.LATE_ANSWER);

    assertThat(waiting).isTrue();
    assertThat(shim.open).isEmpty();
    assertThat(f.sync.exitWatches().get(ExitSource.SHIM)).isZero();
  }

  @Test
  void aShimThatCannotAnswerALateQuestionIsNotAskedAgain() {
    SyncFixture f = running(Setting.NEVER);
    f.runtime.tasks.clear();
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());

    shim.fail(Kind.TRANSIENT);
    f.advance(ExitWatch.LATE_ANSWER);

    assertThat(shim.asked).isEqualTo(1);
    assertThat(containerd.asked).isZero();
  }

  @Test
  void theAnswerOfAShimWhoseContainerIsGoneMeanwhileIsKept() {
    SyncFixture f = running(Setting.NEVER);
    f.runtime.tasks.clear();
    f.runtime.containers.clear();
    f.emit(new io.statebridge.api.ContainerEvent.ContainerDeleted(WEB));
    f.advance(SyncSettings.DEFAULTS.lateness());

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.store.getOrRemoved(WEB).orElseThrow().record().exit())
        .isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
  }

  @Test
  void whoeverIsFirstWinsAndTheOtherConfirms() {
    SyncFixture f = running();
    f.runtime.hold("deleteTask");
    f.endSilently(7);

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();
    f.emit(exited(7));
    f.runtime.release("deleteTask");
    f.loop.run();

    assertThat(f.recorded().source()).isEqualTo(ExitSource.SHIM);
    assertThat(f.sync.counters().confirmedExits.sum()).isOne();
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.SHIM, 1L));
    assertThat(f.runtime.count("deleteTask")).isOne();
  }

  @Test
  void aQuestionIsGivenUpOnceTheExitIsRecorded() {
    SyncFixture f = running();

    f.exit(7);

    assertThat(shim.open).isEmpty();
    assertThat(f.sync.exitWatches()).containsEntry(ExitSource.SHIM, 0);
  }

  @Test
  void theNextRunIsAskedForAnew() {
    SyncFixture f = running();
    f.exit(7);
    f.runtime.add(WEB, Status.CREATED, PID + 1);

    f.emit(new TaskCreated(WEB, PID + 1, BUNDLE, EXITED_AT.plusSeconds(1)));
    shim.tell(WEB, 8, EXITED_AT.plusSeconds(2));
    f.loop.run();

    assertThat(f.recorded().code()).isEqualTo(8);
  }

  @Test
  void aChangeThatIsNotAboutTheProcessKeepsTheQuestion() {
    SyncFixture f = running();

    f.emit(new TaskPaused(WEB));

    assertThat(shim.asked).isOne();
    assertThat(shim.open).hasSize(1);
  }

  @Test
  void aShimThatCannotBeReachedIsReplacedByTheRuntime() {
    shim.fail(Kind.TRANSIENT);
    SyncFixture f = running();

    assertThat(containerd.open).hasSize(1);
    assertThat(f.sync.exitWatches()).containsEntry(ExitSource.WAIT, 1);

    f.endSilently(3);
    containerd.tell(WEB, 3, EXITED_AT);
    f.loop.run();
    assertThat(f.recorded()).isEqualTo(new Exit(3, EXITED_AT, ExitSource.WAIT));
  }

  @Test
  void theShimHasItsTurnAgainWhenTheRuntimeFails() {
    shim.fail(Kind.TRANSIENT);
    SyncFixture f = running();
    shim.heal();

    containerd.fail(Kind.TRANSIENT);
    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(shim.open).hasSize(1);
    assertThat(f.sync.exitWatches()).containsEntry(ExitSource.SHIM, 1);
  }

  @Test
  void questionsThatFailAreAskedForEverAndNeverMoreRarelyThanTheCap() {
    shim.fail(Kind.TRANSIENT);
    containerd.fail(Kind.TRANSIENT);
    SyncFixture f = running();
    f.advance(Duration.ofHours(1));
    int before = shim.asked;

    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(shim.asked).isGreaterThan(before);
    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void aQuestionThatFailsIsNoExitButHasTheContainerLookedAt() {
    SyncFixture f = running();
    containerd.fail(Kind.TRANSIENT);
    f.endSilently(7);
    long before = f.runtime.count("getTask");

    shim.fail(Kind.TRANSIENT);
    f.loop.run();

    assertThat(f.runtime.count("getTask")).isGreaterThan(before);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void aQuestionThatFailsDuringAnOutageWaitsForTheListAndDoesNotBlockTheQueue() {
    SyncFixture f = running();
    containerd.fail(Kind.TRANSIENT);
    outage(f);
    shim.fail(Kind.TRANSIENT);
    f.loop.run();
    shim.heal();
    f.advance(SyncSettings.DEFAULTS.retryCap());

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(f.pending().exit().code()).isEqualTo(7);
  }

  @Test
  void aShimThatCouldNotBeAskedIsAskedAgainWhenContainerdCannotBe() {
    shim.fail(Kind.PERMANENT);
    SyncFixture f = running();
    shim.heal();
    containerd.fail(Kind.TRANSIENT);
    f.advance(SyncSettings.DEFAULTS.retryCap());

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(f.pending().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
  }

  @Test
  void whoIsNotWaitedForAtTheShimIsNamedAndWhy() {
    shim.fail(Kind.PERMANENT);
    SyncFixture f = running();
    assertThat(f.sync.notWatchedAtShim()).isEmpty();

    f.advance(ExitWatch.REPORT_AFTER);

    assertThat(f.sync.notWatchedAtShim()).containsExactly(Map.entry(WEB, "cannot be asked"));
  }

  @Test
  void whoIsWaitedForAtTheShimAgainIsNamedNoMore() {
    shim.fail(Kind.TRANSIENT);
    SyncFixture f = running();
    f.advance(ExitWatch.REPORT_AFTER);
    shim.heal();
    containerd.fail(Kind.TRANSIENT);
    containerd.heal();

    f.advance(ExitWatch.REPORT_AFTER);

    assertThat(f.sync.notWatchedAtShim()).isEmpty();
  }

  @Test
  void whoHasEndedIsNamedNoMore() {
    shim.fail(Kind.PERMANENT);
    SyncFixture f = running();
    f.advance(ExitWatch.REPORT_AFTER);

    f.exit(7);

    assertThat(f.sync.notWatchedAtShim()).isEmpty();
  }

  @Test
  void aShimThatNeverCanBeAskedCostsNoInspections() {
    shim.fail(Kind.PERMANENT);
    containerd.fail(Kind.PERMANENT);
    SyncFixture f = running();
    long before = f.runtime.count("getTask");

    f.advance(SyncSettings.DEFAULTS.reconcileInterval().multipliedBy(2));

    assertThat(f.runtime.count("getTask")).isEqualTo(before);
  }

  @Test
  void ifNobodyCanBeAskedTheOtherEyesGoOn() {
    shim.fail(Kind.PERMANENT);
    containerd.fail(Kind.PERMANENT);
    SyncFixture f = running();

    f.exit(7);

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
  }

  @Test
  void anExitThatMustWaitInItsQueueIsVisibleAllTheSame() {
    SyncFixture f = running();
    f.runtime.fail("getContainer", Kind.TRANSIENT);
    f.emit(new io.statebridge.api.ContainerEvent.ContainerChanged(WEB));

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();
    Exit visible = f.pending().exit();
    f.runtime.heal("getContainer");
    f.endSilently(7);
    f.advanceSeconds(20);

    assertThat(visible).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
    assertThat(f.recorded()).isEqualTo(visible);
  }

  @Test
  void anExitThatMustWaitInItsQueueIsRecordedAtOnceWhereNothingIsDeleted() {
    SyncFixture f = running(Setting.NEVER);
    f.runtime.fail("getContainer", Kind.TRANSIENT);
    f.emit(new io.statebridge.api.ContainerEvent.ContainerChanged(WEB));

    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();

    assertThat(f.recorded().code()).isEqualTo(7);
    assertThat(f.web().cleanupPending()).isFalse();
  }

  @Test
  void aCodeThatContainerdGivesAfterTheShimWasLostIsFlaggedAsAGuess() {
    SyncFixture f = running();
    containerd.fail(Kind.TRANSIENT);
    f.runtime.hold("getContainer");
    shim.fail(Kind.TRANSIENT);
    f.loop.run();

    f.emit(exited(137));

    assertThat(f.pending().exit().code()).isEqualTo(137);
    assertThat(f.pending().exit().message()).contains("guess");
  }

  /** Its waits may notice after the events. */
  @Test
  void aDeadShimsDeletionIsAGuessTooThoughItNamesTheProcess() {
    SyncFixture f = running();
    f.runtime.delay("getContainer");
    f.emit(exited("web", 0, 137, EXITED_AT));

    f.emit(new TaskDeleted(WEB, PID, new Exit(137, EXITED_AT, ExitSource.EVENT)));

    assertThat(f.recorded().code()).isEqualTo(137);
    assertThat(f.recorded().message()).contains("guess");
  }

  @Test
  void aTrueCodeIsNeverReplacedByAGuess() {
    SyncFixture f = running();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.endSilently(7);
    shim.tell(WEB, 7, EXITED_AT);
    f.loop.run();
    shim.fail(Kind.TRANSIENT);

    f.emit(exited(137));
    f.runtime.heal("deleteTask");
    f.advanceSeconds(20);

    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
    assertThat(f.sync.counters().recordedExits()).hasSize(1);
  }

  @Test
  void aKillIsNoGuessAsLongAsTheShimIsThere() {
    SyncFixture f = running();

    f.exit(137);

    assertThat(f.recorded().message()).isEmpty();
  }

  @Test
  void everyLiveContainerIsAskedForAlthoughTheLogOvertookUs() {
    SyncFixture f =
        new SyncFixture(
            new DeletePolicy(Setting.ALWAYS, Map.of()), SyncSettings.DEFAULTS, List.of(shim));
    for (int i = 0; i < 3000; i++) {
      f.runtime.add(new ContainerId("bars", "c" + i), Status.RUNNING, 100 + i);
    }

    f.started();

    assertThat(shim.open).hasSize(3000);
  }

  @Test
  void nothingIsAskedOnceItIsStopped() {
    SyncFixture f = running();

    f.sync.stop();
    f.loop.run();
    f.advanceSeconds(60);

    assertThat(shim.open).isEmpty();
    assertThat(shim.asked).isOne();
  }

  @Test
  void whileTheRuntimeIsAwayItIsNotAskedToDeleteAndIsAtOnceWhenItIsBack() {
    SyncFixture f = running();
    f.endSilently(7);
    f.runtime.fail("version", Kind.UNREACHABLE);
    f.runtime.endStream();
    f.loop.run();

    shim.tell(WEB, 7, EXITED_AT);
    f.advanceSeconds(5);

    assertThat(f.pending().exit().code()).isEqualTo(7);
    assertThat(f.pending().deleteAttempts()).isZero();
    assertThat(f.runtime.count("deleteTask")).isZero();
    f.runtime.heal("version");
    f.advanceSeconds(2);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.SHIM));
    assertThat(f.runtime.tasks).isEmpty();
  }
}
