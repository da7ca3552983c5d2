package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A sandbox that is ready and has no process on this node, as a virtual machine may be. */
class SandboxWithoutProcessTest {
  private final FakeWaiter shim = new FakeWaiter(ExitSource.SHIM);
  private final FakeWaiter containerd = new FakeWaiter(ExitSource.WAIT);

  private SyncFixture ready() {
    SyncFixture f =
        new SyncFixture(
            new DeletePolicy(Setting.NEVER, Map.of()),
            SyncSettings.DEFAULTS,
            List.of(shim, containerd));
    shim.fail(Kind.TRANSIENT);
    f.runtime.containers.put(
        WEB,
        new ContainerInfo(
            WEB,
            "",
            "vm",
            Map.of("io.cri-containerd.kind", "sandbox"),
            "",
            FakeLoop.START.minusSeconds(60)));
    f.runtime.task(WEB, Status.RUNNING, 0, 0, null);
    return f.started();
  }

  @Test
  void itRunsAndItsEndIsAskedFor() {
    SyncFixture f = ready();

    assertThat(f.web().state()).isEqualTo(ContainerState.RUNNING);
    assertThat(f.web().pid()).isZero();
    assertThat(containerd.open).hasSize(1);
  }

  @Test
  void anAnswerIsItsEndAndNoGuess() {
    SyncFixture f = ready();

    containerd.tell(WEB, 137, EXITED_AT);
    f.loop.run();

    assertThat(f.recorded()).isEqualTo(new Exit(137, EXITED_AT, ExitSource.WAIT));
    assertThat(containerd.open).isEmpty();
  }

  @Test
  void aQuestionIsGivenUpOnceItsEndIsKnownFromElsewhere() {
    SyncFixture f = ready();
    f.runtime.tasks.clear();
    f.runtime.pastRuns.put(WEB, new PastRun(null, new Exit(3, EXITED_AT, ExitSource.LISTED)));

    f.advance(SyncSettings.DEFAULTS.reconcileInterval());

    assertThat(f.recorded()).isEqualTo(new Exit(3, EXITED_AT, ExitSource.LISTED));
    assertThat(containerd.open).isEmpty();
    assertThat(f.sync.exitWatches()).containsEntry(ExitSource.WAIT, 0);
  }

  @Test
  void asLongAsItIsListedItIsNotLookedAtAgain() {
    SyncFixture f = ready();
    long looks = f.runtime.count("getTask");

    f.advance(SyncSettings.DEFAULTS.reconcileInterval().multipliedBy(3));

    assertThat(f.runtime.count("getTask")).isEqualTo(looks);
  }

  @Test
  void whenItIsRemovedUnseenItsEndIsToldAllTheSame() {
    SyncFixture f = ready();
    f.runtime.tasks.clear();
    f.runtime.containers.clear();

    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    f.advance(SyncSettings.DEFAULTS.lateness());

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.sync.counters().recordedExits()).isEqualTo(Map.of(ExitSource.UNKNOWN, 1L));
  }
}
