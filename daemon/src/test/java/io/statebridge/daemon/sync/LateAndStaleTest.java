package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Running;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.WatchCursor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Answers that are older than the record, and exits that are reported late. */
class LateAndStaleTest {

  private static final Exit SEVEN = new Exit(7, EXITED_AT, ExitSource.EVENT);
  private static final Duration INTERVAL = SyncSettings.DEFAULTS.reconcileInterval();

  private static void lateness(SyncFixture f) {
    f.advance(SyncSettings.DEFAULTS.lateness());
  }

  /** Its task went without a trace, and nobody reported its exit in time. */
  private static SyncFixture endedUnseen() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    f.advance(INTERVAL);
    lateness(f);
    return f;
  }

  @Test
  void staleAnswerDoesNotUndoAnExit() throws CompactedException {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    long before = f.store.revision();
    f.runtime.delay("getTask");
    f.sync.settle(List.of(WEB));
    f.loop.run();
    f.exit(7);

    f.runtime.release("getTask");
    f.loop.run();

    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.web().startedAt()).isEqualTo(SyncFixture.STARTED_AT);
    assertThat(statesAfter(f, before)).containsExactly(ContainerState.EXITED);
  }

  private static List<ContainerState> statesAfter(SyncFixture f, long revision)
      throws CompactedException {
    List<ContainerState> states = new ArrayList<>();
    try (WatchCursor cursor = f.store.resume(revision, () -> {})) {
      for (Optional<Change> next = cursor.next(); next.isPresent(); next = cursor.next()) {
        states.add(Objects.requireNonNull(next.get().after()).record().state());
      }
    }
    return states;
  }

  @Test
  void staleAbsenceDoesNotEndTheNextRun() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    f.runtime.delay("getTask");
    f.sync.settle(List.of(WEB));
    f.loop.run();
    f.emit(exited(7));
    f.runtime.task(WEB, Status.RUNNING, 4712, 0, null);
    f.emit(new TaskCreated(WEB, 4712, "/bundle", EXITED_AT.plusSeconds(1)));
    f.emit(new TaskStarted(WEB, 4712, EXITED_AT.plusSeconds(2)));

    f.runtime.release("getTask");
    lateness(f);

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(4712);
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 1L));
  }

  @Test
  void atTheFirstComparisonAnExitIsGivenTheTimeToBeReportedToo() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.store.create(
        ContainerRecord.of(FakeRuntime.info(WEB))
            .withRun(new Running(PID, null, SyncFixture.STARTED_AT, false)));
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();

    f.advance(Duration.ofMillis(200));
    f.emit(exited(7));

    assertThat(f.sync.status().inSync()).isTrue();
    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.sync.counters().recordedExits()).containsOnlyKeys(ExitSource.EVENT);
  }

  /** The plugin deletes the task first and writes its status after. */
  @Test
  void thePluginIsAskedAgainBeforeAnEndIsCalledUnknown() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    ContainerInfo info =
        new ContainerInfo(
            WEB, "image", "runc", Map.of(), "", FakeLoop.START.minusSeconds(60), "{}", "");
    f.store.create(
        ContainerRecord.of(info).withRun(new Running(PID, null, SyncFixture.STARTED_AT, false)));
    f.runtime.containers.put(WEB, info);
    f.started();
    Exit remembered = new Exit(5, EXITED_AT, ExitSource.CRI);
    f.runtime.pastRuns.put(WEB, new PastRun(SyncFixture.STARTED_AT, remembered));

    lateness(f);

    assertThat(f.recorded()).isEqualTo(remembered);
  }

  @Test
  void exitReportedAfterAllReplacesUnknownHoweverLate() {
    SyncFixture f = endedUnseen();
    Exit unseen = f.recorded();

    f.advance(INTERVAL.multipliedBy(10));
    f.emit(exited(7));
    f.emit(exited("web", PID, 9, EXITED_AT.plusSeconds(1)));

    assertThat(unseen.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void exitThatAListAloneTellsReplacesUnknown() {
    SyncFixture f = endedUnseen();
    f.runtime.containers.clear();
    f.runtime.task(WEB, Status.STOPPED, PID, 7, EXITED_AT);

    f.advance(INTERVAL);

    assertThat(Objects.requireNonNull(f.store.removedOf(WEB).getFirst().exit()).code())
        .isEqualTo(7);
  }

  /** By the time of the next attempt the runtime may have forgotten the task. */
  @Test
  void whatWasAnsweredBeforeACallFailedStillCounts() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();
    f.runtime.task(WEB, Status.STOPPED, PID, 7, EXITED_AT);
    f.runtime.delay("getTask");
    f.emit(new TaskStarted(WEB, PID, SyncFixture.STARTED_AT));
    f.runtime.fail("getContainer", Kind.TRANSIENT);
    f.runtime.release("getTask");
    f.loop.run();
    f.runtime.tasks.clear();

    f.runtime.heal("getContainer");
    lateness(f);

    assertThat(f.recorded().code()).isEqualTo(7);
  }

  /** The CRI's events tell of a start that a record passed through. */
  @Test
  void runThatEndedWhileItsStartWaitedWasStarted() throws CompactedException {
    SyncFixture f = new SyncFixture(Setting.NEVER).started();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.runtime.delay("getContainer");
    long before = f.store.revision();
    f.emit(new TaskCreated(WEB, PID, "/bundle", SyncFixture.STARTED_AT));
    f.emit(new TaskStarted(WEB, PID, SyncFixture.STARTED_AT));
    f.emit(exited(7));

    f.runtime.release("getContainer");
    f.loop.run();

    assertThat(statesAfter(f, before))
        .contains(ContainerState.RUNNING)
        .endsWith(ContainerState.EXITED);
  }

  @Test
  void deletionReportedAfterAllReplacesUnknownToo() {
    SyncFixture f = endedUnseen();

    f.emit(new TaskDeleted(WEB, PID, SEVEN));

    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void guessOfContainerdDoesNotReplaceUnknown() {
    SyncFixture f = endedUnseen();

    f.emit(exited("web", 0, 137, EXITED_AT));

    assertThat(f.recorded().source()).isEqualTo(ExitSource.UNKNOWN);
  }

  @Test
  void unknownOfARemovedContainerGivesWayAsWell() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    f.runtime.containers.clear();
    f.emit(new ContainerDeleted(WEB));
    lateness(f);
    Exit unseen = Objects.requireNonNull(removed(f).exit());

    f.emit(exited(7));

    assertThat(unseen.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(removed(f).exit()).isEqualTo(SEVEN);
    assertThat(f.store.get(WEB)).isEmpty();
  }

  private static ContainerRecord removed(SyncFixture f) {
    assertThat(f.store.get(WEB)).isEmpty();
    return f.store.getOrRemoved(WEB).orElseThrow().record();
  }

  @Test
  void taskIsNotDeletedOnceThePolicyNoLongerSaysSo() {
    ContainerId pod = new ContainerId("k8s.io", "pod");
    SyncFixture f = new SyncFixture(Setting.AUTO);
    f.runtime.containers.put(pod, FakeRuntime.info(pod));
    f.runtime.task(pod, Status.STOPPED, PID, 7, EXITED_AT);
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.started();
    boolean pending = f.store.get(pod).orElseThrow().record().pendingExit() != null;

    f.runtime.criPlugin = true;
    f.runtime.heal("deleteTask");
    f.runtime.calls.clear();
    f.runtime.endStream();
    f.advanceSeconds(20);

    assertThat(pending).isTrue();
    assertThat(f.runtime.count("deleteTask")).isZero();
    assertThat(f.runtime.tasks).containsKey(pod);
    assertThat(f.store.get(pod).orElseThrow().record().exit())
        .isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void cleanupThatIsNotOursAnyMoreIsNoDifferenceForEver() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.store.create(
        ContainerRecord.of(FakeRuntime.info(WEB))
            .withRun(new Ended(PID, SyncFixture.STARTED_AT, SEVEN, true)));
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.runtime.task(WEB, Status.STOPPED, PID, 7, EXITED_AT);
    f.started();

    f.advance(INTERVAL.multipliedBy(3));

    assertThat(f.web().cleanupPending()).isFalse();
    assertThat(f.runtime.tasks).isNotEmpty();
    assertThat(f.sync.counters().reconcileDifferences.sum()).isZero();
  }

  @Test
  void exitListedWithAnotherTimeIsNoDifference() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.exit(7);
    f.runtime.task(WEB, Status.STOPPED, PID, 7, EXITED_AT.plusMillis(1));

    f.advance(INTERVAL.multipliedBy(3));

    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.sync.counters().reconcileDifferences.sum()).isZero();
  }

  @Test
  void exitsThatOverflowTheQueueAreNotWaitedForForEver() {
    SyncFixture f = new SyncFixture(Setting.NEVER);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();
    f.runtime.hold("getContainer");
    for (int i = 0; i < SyncSettings.DEFAULTS.queueCapacity() + 10; i++) {
      f.emit(exited("web", PID + i, 7, FakeLoop.START.minusSeconds(3600)));
    }
    f.runtime.containers.clear();

    f.runtime.release("getContainer");
    f.advanceSeconds(10);

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.activeQueues()).isZero();
  }

  @Test
  void nothingIsWaitedForWhileTheRuntimeIsAway() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.runtime.fail("getContainer", Kind.UNREACHABLE);

    var settled = f.sync.settle(List.of(WEB)).toCompletableFuture();
    f.loop.run();

    assertThat(settled).isCompleted();
  }
}
