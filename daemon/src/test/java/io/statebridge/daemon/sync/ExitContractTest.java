package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doThrow;

import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Running;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.WatchCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The contract of the exit handler, point by point. */
class ExitContractTest {

  @Nested
  class Point1NoRecord {

    @Test
    void exitThatNeitherWeNorTheRuntimeKnowChangesNothingAndIsCounted() {
      SyncFixture f = new SyncFixture().started();

      f.emit(exited(7));
      // Events come in any order: that of its creation may be late.
      f.advance(SyncSettings.DEFAULTS.lateness());

      assertThat(f.store.snapshot().entries()).isEmpty();
      assertThat(f.runtime.count("deleteTask")).isZero();
      assertThat(f.sync.counters().droppedExits.sum()).isOne();
    }

    @Test
    void exitThatComesBeforeTheListIsLookedUpAndRecorded() {
      SyncFixture f = new SyncFixture().started();
      f.runtime.add(WEB, Status.RUNNING, PID);

      f.exit(7);

      assertThat(f.web().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
      assertThat(f.runtime.tasks).isEmpty();
    }

    @Test
    void lookUpThatFailsIsRepeatedInsteadOfTheExitBeingDropped() {
      SyncFixture f = new SyncFixture().started();
      f.runtime.add(WEB, Status.RUNNING, PID);
      f.runtime.fail("getContainer", RuntimeFailure.Kind.TRANSIENT);
      f.exit(7);

      f.runtime.heal("getContainer");
      f.advanceSeconds(1);

      assertThat(f.web().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    }
  }

  @Nested
  class Point2NotTheInitProcess {

    @Test
    void exitOfAnExecChangesNothing() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();

      f.emit(exited("exec-1", 4712, 4, EXITED_AT));

      assertThat(f.web()).isEqualTo(before);
      assertThat(f.runtime.count("deleteTask")).isZero();
      assertThat(f.sync.counters().execExits.sum()).isOne();
    }

    @Test
    void exitOfAnExecThatHasTheInitProcessesPidChangesNothing() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();

      f.emit(exited("exec-1", PID, 4, EXITED_AT));

      assertThat(f.web()).isEqualTo(before);
    }

    @Test
    void exitOfAnotherPidThanTheRecordedOneChangesNothing() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();

      f.emit(exited("web", 1, 4, EXITED_AT));

      assertThat(f.web()).isEqualTo(before);
      assertThat(f.runtime.count("deleteTask")).isZero();
    }

    @Test
    void exitWithASentinelPidCountsOnceTheRuntimeHasConfirmedIt() {
      for (long sentinel : new long[] {0, 0xFFFF_FFFFL}) {
        SyncFixture f = withRunningContainer();
        f.runtime.tasks.remove(WEB);

        f.emit(exited("web", sentinel, 137, EXITED_AT));

        assertThat(f.web().state()).isEqualTo(ContainerState.EXITED);
        assertThat(f.web().exit()).extracting(Exit::code).isEqualTo(137);
        assertThat(f.recorded().message()).contains("the shim died");
      }
    }

    @Test
    void exitWithASentinelPidIsIgnoredWhileTheTaskLives() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();

      f.emit(exited("web", 0, 137, EXITED_AT));

      assertThat(f.web()).isEqualTo(before);
    }
  }

  @Nested
  class Point3Delete {

    @Test
    void exitOfTheInitProcessDeletesTheTask() {
      SyncFixture f = withRunningContainer();

      f.exit(0);

      assertThat(f.runtime.count("deleteTask bars/web")).isOne();
      assertThat(f.runtime.tasks).isEmpty();
    }

    @Test
    void notFoundCountsAsSuccess() {
      SyncFixture f = withRunningContainer();
      f.runtime.tasks.remove(WEB);

      f.emit(exited(7));

      assertThat(f.runtime.count("deleteTask bars/web")).isOne();
      assertThat(f.web().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    }
  }

  @Nested
  class Point4DeleteFails {

    @Test
    void recordKeepsItsPidTimesCodeAndState() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();
      f.runtime.fail("deleteTask", RuntimeFailure.Kind.TRANSIENT);

      f.exit(7);

      assertThat(f.web().run())
          .isInstanceOfSatisfying(
              Ending.class, ending -> assertThat(ending.live()).isEqualTo(before.run()));
      assertThat(f.web().withRun(before.run())).isEqualTo(before);
      assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    }

    @Test
    void exitIsRetriedWithBackoffUntilDeleteSucceeds() {
      SyncFixture f = withRunningContainer();
      f.runtime.fail("deleteTask", RuntimeFailure.Kind.PERMANENT);
      f.exit(7);
      f.advanceSeconds(5);
      long failed = f.runtime.count("deleteTask");

      f.runtime.heal("deleteTask");
      f.advanceSeconds(10);

      assertThat(failed).isBetween(2L, 100L);
      assertThat(f.web().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
      assertThat(f.sync.waitingQueues()).isZero();
    }

    @Test
    void laterEventsOfTheContainerQueueBehindTheRetry() {
      SyncFixture f = withRunningContainer();
      f.runtime.fail("deleteTask", RuntimeFailure.Kind.TRANSIENT);
      f.exit(7);
      f.emit(new TaskPaused(WEB));

      assertThat(f.web().paused()).isFalse();
    }
  }

  @Nested
  class Point5OneUpdate {

    @Test
    void pidFinishedAtAndCodeChangeInOneCommit() throws CompactedException {
      SyncFixture f = withRunningContainer();
      long before = f.store.revision();

      f.exit(7);

      List<ContainerRecord> changes = changesAfter(f, before);
      assertThat(changes).hasSize(2);
      ContainerRecord pending = changes.get(0);
      assertThat(pending.pid()).isEqualTo(PID);
      assertThat(pending.exit()).isNull();
      assertThat(pending.knownExit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
      ContainerRecord finished = changes.get(1);
      assertThat(finished.pid()).isZero();
      assertThat(finished.exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
      assertThat(finished.pendingExit()).isNull();
    }

    @Test
    void recordThatIsFinishedIsKeptAsItIs() {
      SyncFixture f = withRunningContainer();
      f.exit(0);
      ContainerRecord first = f.web();

      f.emit(exited("web", PID, 137, EXITED_AT.plusSeconds(1)));
      f.emit(exited("web", 0, 255, EXITED_AT.plusSeconds(2)));

      assertThat(f.web()).isEqualTo(first);
      assertThat(f.sync.counters().confirmedExits.sum()).isEqualTo(2);
    }
  }

  @Nested
  class Point6UpdateFails {

    @Test
    void exitIsRetriedUntilTheUpdateSucceeds() {
      SyncFixture f = withRunningContainer();
      f.runtime.hold("deleteTask");
      f.exit(7);
      doThrow(new IllegalStateException("the store fails"))
          .doCallRealMethod()
          .when(f.store)
          .update(eq(WEB), any());

      f.runtime.release("deleteTask");
      f.loop.run();
      ContainerRecord afterFailure = f.web();
      f.advanceSeconds(1);

      assertThat(afterFailure.state()).isEqualTo(ContainerState.RUNNING);
      assertThat(afterFailure.pid()).isEqualTo(PID);
      assertThat(f.web().exit()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
    }

    @Test
    void containerRemovedMeanwhileIsNoFailure() {
      SyncFixture f = withRunningContainer();
      f.runtime.hold("deleteTask");
      f.exit(7);
      f.store.delete(WEB);

      f.runtime.release("deleteTask");
      f.loop.run();

      assertThat(f.store.get(WEB)).isEmpty();
      assertThat(f.sync.activeQueues()).isZero();
    }
  }

  @Nested
  class Point7OutOfMemory {

    @Test
    void changesNoFieldAndIsCounted() {
      SyncFixture f = withRunningContainer();
      ContainerRecord before = f.web();

      f.emit(new OutOfMemory(WEB));

      assertThat(f.web()).isEqualTo(before);
      assertThat(f.sync.counters().oomEvents.sum()).isOne();
    }
  }

  @Nested
  class Point8DerivedState {

    @Test
    void followsFromTheTimes() {
      ContainerRecord unknown =
          ContainerRecord.of(
              new ContainerInfo(new ContainerId("a", "b"), "", "", Map.of(), "", null));
      ContainerRecord created = ContainerRecord.of(FakeRuntime.info(WEB));
      ContainerRecord running = created.withRun(new Running(PID, EXITED_AT, EXITED_AT, false));
      ContainerRecord paused = created.withRun(new Running(PID, EXITED_AT, EXITED_AT, true));
      Exit exit = new Exit(0, EXITED_AT, ExitSource.EVENT);

      assertThat(unknown.state()).isEqualTo(ContainerState.UNKNOWN);
      assertThat(created.state()).isEqualTo(ContainerState.CREATED);
      assertThat(running.state()).isEqualTo(ContainerState.RUNNING);
      assertThat(paused.state()).isEqualTo(ContainerState.RUNNING);
      assertThat(created.withRun(new Ended(PID, EXITED_AT, exit, false)).state())
          .isEqualTo(ContainerState.EXITED);
    }
  }

  private static List<ContainerRecord> changesAfter(SyncFixture f, long revision)
      throws CompactedException {
    List<ContainerRecord> changes = new ArrayList<>();
    try (WatchCursor cursor = f.store.resume(revision, () -> {})) {
      for (Optional<Change> next = cursor.next(); next.isPresent(); next = cursor.next()) {
        changes.add(Objects.requireNonNull(next.get().after()).record());
      }
    }
    return changes;
  }
}
