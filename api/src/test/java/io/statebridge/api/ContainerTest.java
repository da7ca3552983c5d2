package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerTest {
  private static final ContainerId ID = new ContainerId("default", "web");
  private static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");
  private static final Instant STARTED = Instant.parse("2026-01-02T03:00:01Z");
  private static final Instant ENDED = Instant.parse("2026-01-02T03:00:02.000000003Z");
  private static final Exit KILLED = new Exit(137, ENDED, ExitSource.EVENT);

  private static ContainerInfo info(@Nullable Instant createdAt) {
    return new ContainerInfo(ID, "busybox", "io.containerd.runc.v2", Map.of(), "", createdAt);
  }

  private static Container running() {
    return Container.of(info(CREATED)).newRun(42, CREATED).startedAt(STARTED);
  }

  @ParameterizedTest
  @CsvSource({
    "true, true, true, EXITED",
    "true, true, false, RUNNING",
    "true, false, true, EXITED",
    "true, false, false, CREATED",
    "false, true, true, EXITED",
    "false, true, false, RUNNING",
    "false, false, true, EXITED",
    "false, false, false, UNKNOWN",
  })
  void theStateFollowsFromWhichTimesAreSet(
      boolean created, boolean started, boolean finished, ContainerState state) {
    Container container =
        new Container(
            info(created ? CREATED : null),
            0,
            "",
            null,
            started ? STARTED : null,
            finished ? KILLED : null,
            false,
            null,
            false,
            null,
            0);

    assertThat(container.state()).isEqualTo(state);
  }

  @Test
  void aPausedContainerAndOneWhoseExitIsPendingAreStillRunning() {
    Container paused = running().withPaused(true);
    Container ending = running().withPendingExit(PendingExit.of(KILLED, ENDED));

    assertThat(paused.state()).isEqualTo(ContainerState.RUNNING);
    assertThat(ending.state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void whatHasAProcessLivesAndASandboxAlsoWithout() {
    ContainerInfo sandbox =
        new ContainerInfo(ID, "", "vm", Map.of("io.cri-containerd.kind", "sandbox"), "", CREATED);
    Container created = Container.of(sandbox);
    Container started = created.startedAt(STARTED);

    assertThat(running().isLive()).isTrue();
    assertThat(running().finished(KILLED).isLive()).isFalse();
    assertThat(Container.of(info(CREATED)).startedAt(STARTED).isLive()).isFalse();
    assertThat(created.isLive()).isFalse();
    assertThat(started.isLive()).isTrue();
    assertThat(started.finished(KILLED).isLive()).isFalse();
  }

  @Test
  void anEndLeavesNoProcessAndNothingPendingInOneRecord() {
    Container before =
        running().withPaused(true).withPendingExit(PendingExit.of(KILLED, ENDED)).withRevision(7);

    Container after = before.finished(KILLED);

    assertThat(after)
        .isEqualTo(
            new Container(
                info(CREATED), 0, "", CREATED, STARTED, KILLED, false, null, false, null, 7));
    assertThat(after.state()).isEqualTo(ContainerState.EXITED);
  }

  @Test
  void theFirstExitWins() {
    Container ended = running().finished(KILLED);

    Container again = ended.finished(new Exit(255, ENDED.plusSeconds(1), ExitSource.UNKNOWN));

    assertThat(again).isSameAs(ended);
  }

  @Test
  void aNewRunKeepsNothingOfTheOneBefore() {
    Container ended =
        running()
            .withPaused(true)
            .finished(KILLED)
            .withPaused(true)
            .withCleanupPending(true)
            .withRevision(9);

    Container next = ended.newRun(43, ENDED);

    assertThat(next)
        .isEqualTo(
            new Container(info(CREATED), 43, "", ENDED, null, null, false, null, false, null, 9));
    assertThat(next.state()).isEqualTo(ContainerState.CREATED);
  }

  @Test
  void aNewRunDropsAnExitThatWasStillPending() {
    Container ending = running().withPendingExit(PendingExit.of(KILLED, ENDED));

    assertThat(ending.newRun(43, null).knownExit()).isNull();
  }

  @Test
  void aTaskThatIsGoneLeavesWhatTheCreatorSaid() {
    Container created = Container.of(info(CREATED)).newRun(42, CREATED).withRevision(3);

    assertThat(created.withoutTask()).isEqualTo(Container.of(info(CREATED)).withRevision(3));
  }

  @Test
  void theKnownExitIsTheRecordedOneElseThePendingOne() {
    PendingExit pending = PendingExit.of(KILLED, ENDED);

    assertThat(running().knownExit()).isNull();
    assertThat(running().withPendingExit(pending).knownExit()).isEqualTo(KILLED);
    assertThat(running().finished(KILLED).knownExit()).isEqualTo(KILLED);
  }

  @Test
  void aLateStartAddsItsTimeToAnEndedRunAndNothingElse() {
    Container ended = Container.of(info(CREATED)).newRun(42, CREATED).finished(KILLED);

    Container started = ended.startedAt(STARTED);

    assertThat(started.startedAt()).isEqualTo(STARTED);
    assertThat(started.state()).isEqualTo(ContainerState.EXITED);
    assertThat(started.pid()).isZero();
  }

  @Test
  void eachChangeChangesItsOwnFieldOnly() {
    Container before = running().withRevision(5);
    PendingExit pending = PendingExit.of(KILLED, ENDED);

    assertThat(before.withPaused(true))
        .isEqualTo(
            new Container(
                info(CREATED), 42, "", CREATED, STARTED, null, true, null, false, null, 5));
    assertThat(before.withPendingExit(pending))
        .isEqualTo(
            new Container(
                info(CREATED), 42, "", CREATED, STARTED, null, false, pending, false, null, 5));
    assertThat(before.withInfo(info(null)))
        .isEqualTo(
            new Container(info(null), 42, "", CREATED, STARTED, null, false, null, false, null, 5));
    assertThat(before.withRevision(6))
        .isEqualTo(
            new Container(
                info(CREATED), 42, "", CREATED, STARTED, null, false, null, false, null, 6));
    assertThat(before.finished(KILLED).withCleanupPending(true))
        .isEqualTo(
            new Container(
                info(CREATED), 0, "", CREATED, STARTED, KILLED, false, null, true, null, 5));
  }

  @Test
  void aRecordThatContradictsItselfCannotBeMade() {
    Container ended = running().finished(KILLED);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> running().newRun(-1, null))
        .withMessageContaining("negative pid -1 of default/web");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ended.withPendingExit(PendingExit.of(KILLED, ENDED)))
        .withMessageContaining("default/web");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Container(info(null), 42, "", null, null, KILLED, false, null, false, null, 0))
        .withMessageContaining("no process");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> running().withCleanupPending(true))
        .withMessageContaining("default/web");
  }

  @Test
  void aRunThatEndedBeforeItsStartWasPublishedStartedNoLaterThanItEnded() {
    Container run = Container.of(info(CREATED)).newRun(42, CREATED);

    assertThat(run.startedAt(ENDED.plusNanos(1)).finished(KILLED).startedAt()).isEqualTo(ENDED);
    assertThat(run.finished(KILLED).startedAt(ENDED.plusNanos(1)).startedAt()).isEqualTo(ENDED);
    assertThat(run.startedAt(STARTED).finished(KILLED).startedAt()).isEqualTo(STARTED);
    assertThat(run.finished(KILLED).startedAt(STARTED).startedAt()).isEqualTo(STARTED);
  }
}
