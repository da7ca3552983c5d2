package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Running;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the exit handler adds to its contract: pending exits, finalising, and who deletes. */
class ExitHandlerTest {

  private static final Duration FINALIZE_AFTER = SyncSettings.DEFAULTS.finalizeAfter();
  private static final Exit SEVEN = new Exit(7, EXITED_AT, ExitSource.EVENT);

  @Test
  void pendingExitIsVisibleBeforeDeleteIsAnswered() {
    SyncFixture f = withRunningContainer();
    f.runtime.hold("deleteTask");

    f.exit(7);

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.pending()).isEqualTo(new PendingExit(SEVEN, f.loop.now(), 0, ""));
  }

  @Test
  void pendingExitTellsHowOftenDeleteFailedAndWhy() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);

    f.exit(7);
    f.advanceSeconds(2);

    assertThat(f.pending().deleteAttempts())
        .isEqualTo((int) f.runtime.count("deleteTask"))
        .isGreaterThan(1);
    assertThat(f.pending().lastError()).isEqualTo("deleteTask fails");
    assertThat(f.sync.counters().failedDeletes.sum()).isEqualTo(f.pending().deleteAttempts());
  }

  @Test
  void deleteThatFailsForTooLongNoLongerHoldsTheRecordBack() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.exit(7);

    f.advance(FINALIZE_AFTER.minusMillis(1));
    ContainerState before = f.web().state();
    f.advance(Duration.ofMillis(1));

    assertThat(before).isEqualTo(ContainerState.RUNNING);
    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.web().cleanupPending()).isTrue();
  }

  @Test
  void deleteIsTriedUntilItSucceedsEvenAfterTheExitIsRecorded() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.exit(7);
    f.advance(FINALIZE_AFTER.multipliedBy(4));

    f.runtime.heal("deleteTask");
    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(f.web().cleanupPending()).isFalse();
    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.runtime.tasks).isEmpty();
    assertThat(f.sync.counters().recordedExits()).containsEntry(ExitSource.EVENT, 1L);
  }

  @Test
  void deleteThatHangsHoldsTheRecordBackNoLongerThanOneThatFails() {
    SyncFixture f = withRunningContainer();
    f.runtime.hold("deleteTask");
    f.exit(7);

    f.advance(FINALIZE_AFTER);

    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.web().cleanupPending()).isTrue();
  }

  /** It makes the runtime end a shim that it has lost (containerd 7496, 9309, 11392). */
  @Test
  void deleteThatTimedOutIsRepeatedAlthoughTheTaskIsGone() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.exit(7);
    f.runtime.tasks.clear();
    f.runtime.heal("deleteTask");
    long before = f.runtime.count("deleteTask");

    f.advanceSeconds(1);

    assertThat(f.runtime.count("deleteTask")).isEqualTo(before + 1);
    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void stuckDeleteDoesNotHoldUpOtherContainers() {
    ContainerId other = new ContainerId("bars", "other");
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.runtime.add(other, Status.RUNNING, 99);
    f.started();
    f.runtime.hold("deleteTask bars/web");
    f.exit(7);
    f.runtime.task(other, Status.STOPPED, 99, 3, EXITED_AT);

    f.emit(new Exited(other, "other", 99, new Exit(3, EXITED_AT, ExitSource.EVENT)));
    f.advance(DeleteThrottle.QUIET);

    assertThat(f.store.get(other).map(entry -> entry.record().state()))
        .contains(ContainerState.EXITED);
  }

  @Test
  void whenTheShimOfAPodDiesItsOtherContainersAreLookedAt() {
    ContainerId pod = new ContainerId("bars", "pod");
    SyncFixture f = new SyncFixture();
    f.runtime.containers.put(
        pod, new ContainerInfo(pod, "", "", Map.of("io.cri-containerd.kind", "sandbox"), "", null));
    f.runtime.task(pod, Status.RUNNING, 99, 0, null);
    f.runtime.containers.put(WEB, new ContainerInfo(WEB, "", "", Map.of(), "pod", null));
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.started();
    f.runtime.tasks.clear();

    f.emit(new Exited(pod, "pod", 0, new Exit(137, EXITED_AT, ExitSource.EVENT)));
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.recorded().source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(f.store.get(pod).map(entry -> entry.record().state()))
        .contains(ContainerState.EXITED);
  }

  @Test
  void theSandboxNeedNotBeAContainerAndLiveContainersGoOn() {
    ContainerId live = new ContainerId("bars", "live");
    SyncFixture f = new SyncFixture();
    for (ContainerId id : List.of(WEB, live)) {
      f.runtime.containers.put(id, new ContainerInfo(id, "", "", Map.of(), "pod", null));
    }
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.runtime.task(live, Status.RUNNING, 99, 0, null);
    f.started();
    f.runtime.tasks.remove(WEB);

    f.emit(
        new Exited(
            new ContainerId("bars", "pod"), "pod", 98, new Exit(137, EXITED_AT, ExitSource.EVENT)));
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.recorded().code()).isEqualTo(Exit.UNKNOWN_CODE);
    assertThat(f.store.get(live).map(entry -> entry.record().state()))
        .contains(ContainerState.RUNNING);
  }

  @Test
  void observedNamespaceIsFinishedAtOnceWithoutADelete() {
    SyncFixture f = withRunningContainer(Setting.NEVER);

    f.exit(7);

    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.web().pid()).isZero();
    assertThat(f.runtime.count("deleteTask")).isZero();
    assertThat(f.runtime.tasks).containsKey(WEB);
  }

  @Test
  void firstExitWinsWhileItIsStillPending() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.exit(0);
    f.emit(exited("web", PID, 137, EXITED_AT.plusSeconds(1)));

    f.runtime.heal("deleteTask");
    f.advanceSeconds(20);

    assertThat(f.recorded()).isEqualTo(new Exit(0, EXITED_AT, ExitSource.EVENT));
  }

  @Test
  void exitFromBeforeThisRunIsNotThisRuns() {
    SyncFixture f = withRunningContainer();
    f.exit(0);
    Instant created = EXITED_AT.plusSeconds(5);
    f.runtime.task(WEB, Status.RUNNING, PID, 0, null);
    f.emit(new TaskCreated(WEB, PID, "/bundle", created));
    f.emit(new TaskStarted(WEB, PID, created.plusMillis(1)));

    f.emit(exited("web", PID, 137, EXITED_AT.plusSeconds(1)));

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isEqualTo(PID);
    assertThat(f.runtime.tasks).containsKey(WEB);
  }

  @Test
  void nextRunOfTheSameIdWaitsItsTurnAndThenStartsAfresh() {
    SyncFixture f = withRunningContainer();
    f.runtime.hold("deleteTask");
    f.exit(7);
    Instant created = EXITED_AT.plusSeconds(1);
    f.emit(new TaskCreated(WEB, 4712, "/bundle", created));
    ContainerRecord whileDeleting = f.web();

    f.runtime.release("deleteTask");
    f.loop.run();

    assertThat(whileDeleting.pid()).isEqualTo(PID);
    assertThat(f.sync.counters().recordedExits()).containsEntry(ExitSource.EVENT, 1L);
    assertThat(f.web().state()).isEqualTo(ContainerState.CREATED);
    assertThat(f.web().pid()).isEqualTo(4712);
    assertThat(((Created) f.web().run()).taskCreatedAt()).isEqualTo(created);
    assertThat(f.web().exit()).isNull();
  }

  @Test
  void retriedDeleteNeverDestroysTheTaskOfANewRun() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.exit(7);
    f.runtime.heal("deleteTask");
    // Somebody else deleted the task and made the next one.
    f.runtime.task(WEB, Status.CREATED, 4712, 0, null);
    long deletesBefore = f.runtime.count("deleteTask");

    f.advanceSeconds(1);

    assertThat(f.runtime.count("deleteTask")).isEqualTo(deletesBefore);
    assertThat(f.runtime.tasks).containsKey(WEB);
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.EVENT, 1L));
    assertThat(f.web().pid()).isEqualTo(4712);
  }

  @Test
  void slowShimThatSaysNothingIsAskedAgain() {
    SyncFixture f = withRunningContainer();
    f.runtime.task(WEB, Status.UNKNOWN, 0, 0, null);
    f.emit(exited("web", 0, 137, EXITED_AT));
    ContainerState meanwhile = f.web().state();

    f.endSilently(9);
    f.advanceSeconds(1);

    assertThat(meanwhile).isEqualTo(ContainerState.RUNNING);
    assertThat(f.recorded()).extracting(Exit::code).isEqualTo(9);
  }

  @Test
  void exitIsConfirmedIfTheRecordKnowsOfNoTask() {
    SyncFixture f = new SyncFixture();
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();

    f.exit(7);

    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void exitOfAnEarlierRunIsNotTakenForTheEndOfOneThatVanished() {
    SyncFixture f = new SyncFixture(Setting.ALWAYS);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();
    f.emit(new TaskCreated(WEB, PID, "/bundle", EXITED_AT.plusSeconds(5)));
    f.emit(new TaskStarted(WEB, PID, EXITED_AT.plusSeconds(6)));

    f.emit(exited("web", 4712, 7, EXITED_AT));
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.recorded().code()).isEqualTo(Exit.UNKNOWN_CODE);
    assertThat(f.recorded().source()).isEqualTo(ExitSource.UNKNOWN);
  }

  @Test
  void exitDatedBeforeItsRunCountsByItsPidForTheClockMayHaveStepped() {
    SyncFixture f = new SyncFixture(Setting.ALWAYS);
    f.runtime.containers.put(WEB, FakeRuntime.info(WEB));
    f.started();
    f.emit(new TaskCreated(WEB, PID, "/bundle", EXITED_AT.plusSeconds(5)));
    f.emit(new TaskStarted(WEB, PID, EXITED_AT.plusSeconds(6)));

    f.emit(exited(7));

    assertThat(f.recorded()).isEqualTo(SEVEN);
  }

  @Test
  void exitThatTheListFoundCountsItsFailedDeletesAndIsFinalisedToo() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.endSilently(7);
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.started();

    f.advance(FINALIZE_AFTER.minusMillis(1));
    PendingExit pending = f.pending();
    f.advance(Duration.ofMillis(1));

    assertThat(pending.observedAt()).isEqualTo(FakeLoop.START);
    assertThat(pending.deleteAttempts())
        .isEqualTo((int) f.runtime.count("deleteTask"))
        .isGreaterThan(1);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void finalisedExitsQueueGoesOnDeletingByItself() {
    SyncFixture f =
        new SyncFixture(
            Setting.ALWAYS, SyncSettings.DEFAULTS.withTimes(FINALIZE_AFTER, Duration.ofDays(1)));
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.started();
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.exit(7);
    f.advance(FINALIZE_AFTER.multipliedBy(4));

    f.runtime.heal("deleteTask");
    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(f.web().cleanupPending()).isFalse();
    assertThat(f.runtime.tasks).isEmpty();
  }

  @Test
  void finalisingOneRunLeavesTheNextOneItsOwnTime() {
    SyncFixture f = withRunningContainer();
    f.exit(7);
    f.advance(FINALIZE_AFTER.dividedBy(2));
    Instant now = f.loop.now();
    f.runtime.task(WEB, Status.STOPPED, 4712, 3, now);
    f.emit(new TaskCreated(WEB, 4712, "/bundle", now.minusMillis(2)));
    f.runtime.fail("deleteTask", Kind.PERMANENT);
    f.emit(exited("web", 4712, 3, now));

    f.advance(FINALIZE_AFTER.dividedBy(2));

    assertThat(f.pending().exit().code()).isEqualTo(3);
  }

  @Test
  void exitThatIsSeenAgainIsCountedOnce() {
    SyncFixture f = withRunningContainer(Setting.NEVER);
    f.exit(7);
    // Listed with another time than the event had: the first one stays.
    f.runtime.task(WEB, Status.STOPPED, PID, 137, EXITED_AT.minusNanos(1));

    f.advance(SyncSettings.DEFAULTS.reconcileInterval().multipliedBy(3));

    assertThat(f.recorded()).isEqualTo(SEVEN);
    assertThat(f.sync.counters().recordedExits()).containsOnly(Map.entry(ExitSource.EVENT, 1L));
  }

  @Test
  void taskIsNotDeletedBeforeItsExitIsDurable() {
    SyncFixture f = withRunningContainer();
    CompletableFuture<@Nullable Void> onDisk = new CompletableFuture<>();
    List<Long> asked = new ArrayList<>();
    f.durability =
        revision -> {
          asked.add(revision);
          return onDisk;
        };

    f.exit(7);
    long deletesBefore = f.runtime.count("deleteTask");
    long pendingRevision = f.store.get(WEB).orElseThrow().revision();
    onDisk.complete(null);
    f.loop.run();

    assertThat(deletesBefore).isZero();
    assertThat(asked).containsExactly(pendingRevision);
    assertThat(f.runtime.count("deleteTask")).isOne();
    assertThat(f.recorded().code()).isEqualTo(7);
  }

  @Test
  void exitThatWasPendingInAnEarlierLifeIsFinishedAndFinalisedToo() {
    SyncFixture f = new SyncFixture();
    Exit exit = new Exit(7, EXITED_AT, ExitSource.EVENT);
    PendingExit pending = PendingExit.of(exit, FakeLoop.START.minusSeconds(3600));
    f.store.create(
        ContainerRecord.of(FakeRuntime.info(WEB))
            .withRun(
                new Ending(
                    new Running(PID, null, FakeLoop.START.minusSeconds(7200), false), pending)));
    f.runtime.add(WEB, Status.STOPPED, PID);
    f.runtime.fail("deleteTask", Kind.TRANSIENT);

    f.started();
    f.advance(SyncSettings.DEFAULTS.finalizeAfter());
    ContainerRecord finalised = f.web();
    f.runtime.heal("deleteTask");
    f.advanceSeconds(20);

    assertThat(finalised.exit()).isEqualTo(exit);
    assertThat(finalised.cleanupPending()).isTrue();
    assertThat(f.web().cleanupPending()).isFalse();
    assertThat(f.runtime.tasks).isEmpty();
  }
}
