package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerState;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SettleTest {

  private static CompletableFuture<Void> settle(SyncFixture f, ContainerId... ids) {
    CompletableFuture<Void> settled = f.sync.settle(List.of(ids)).toCompletableFuture();
    f.loop.run();
    return settled;
  }

  @Test
  void whatHappenedSilentlyIsInTheStoreWhenItIsDone() {
    SyncFixture f = new SyncFixture().started();
    f.runtime.add(WEB, Status.RUNNING, PID);
    assertThat(f.store.get(WEB)).isEmpty();

    assertThat(settle(f, WEB)).isCompleted();

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void aLookThatFailsIsRepeatedBeforeItIsDone() {
    SyncFixture f = SyncFixture.withRunningContainer(Setting.NEVER);
    f.endSilently(7);
    f.runtime.fail("getTask", Kind.TRANSIENT);

    CompletableFuture<Void> settled = settle(f, WEB);
    assertThat(settled).isNotDone();
    f.runtime.heal("getTask");
    f.advanceSeconds(1);

    assertThat(settled).isCompleted();
    assertThat(f.recorded().code()).isEqualTo(7);
  }

  @Test
  void aTaskThatIsGoneIsNotSettledBeforeItsExitIsKnown() {
    SyncFixture f = SyncFixture.withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();

    CompletableFuture<Void> settled = settle(f, WEB);
    assertThat(settled).isNotDone();
    f.emit(SyncFixture.exited(7));

    assertThat(settled).isCompleted();
    assertThat(f.recorded().code()).isEqualTo(7);
  }

  /** It is of the same run, though its dates are better than what the list told. */
  @Test
  void aStartThatIsReportedLateIsNotTheEndThatIsWaitedFor() {
    SyncFixture f = SyncFixture.withRunningContainer(Setting.NEVER);
    f.runtime.tasks.clear();
    CompletableFuture<Void> settled = settle(f, WEB);

    f.emit(new TaskStarted(WEB, PID, SyncFixture.STARTED_AT.plusMillis(1)));
    boolean tooSoon = settled.isDone();
    f.emit(SyncFixture.exited(7));

    assertThat(tooSoon).isFalse();
    assertThat(settled).isCompleted();
    assertThat(f.recorded().code()).isEqualTo(7);
  }

  @Test
  void ofANamespaceThatIsNotFollowedThereIsNothingToWaitFor() {
    SyncFixture f =
        new SyncFixture(
                new DeletePolicy(Setting.AUTO, Map.of("foos", Setting.AUTO)), SyncSettings.DEFAULTS)
            .started();
    f.runtime.add(WEB, Status.RUNNING, PID);

    assertThat(settle(f, WEB)).isCompleted();
    assertThat(f.store.get(WEB)).isEmpty();
  }

  @Test
  void whileTheRuntimeIsAwayNothingWaitsForIdsThatClientsName() {
    SyncFixture f = new SyncFixture().started();
    f.runtime.fail("version", Kind.TRANSIENT);
    f.runtime.endStream();
    f.loop.run();

    assertThat(settle(f, WEB)).isCompleted();
    assertThat(f.sync.activeQueues()).isZero();
  }

  @Test
  void nobodyIsSettledAtOnce() {
    assertThat(settle(new SyncFixture().started())).isCompleted();
  }
}
