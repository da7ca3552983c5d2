package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ContainerRecordTest {
  private static final ContainerId ID = new ContainerId("default", "web");
  private static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");
  private static final Instant STARTED = Instant.parse("2026-01-02T03:00:01Z");
  private static final Instant ENDED = Instant.parse("2026-01-02T03:00:02.000000003Z");
  private static final Exit KILLED = new Exit(137, ENDED, ExitSource.EVENT);
  private static final PendingExit PENDING = PendingExit.of(KILLED, ENDED);
  private static final Running RUNNING = new Running(42, CREATED, STARTED, false);
  private static final Ended OVER = new Ended(42, STARTED, KILLED, false);

  private static ContainerInfo info(@Nullable Instant createdAt) {
    return new ContainerInfo(ID, "busybox", "io.containerd.runc.v2", Map.of(), "", createdAt);
  }

  private static ContainerRecord with(Run run) {
    return ContainerRecord.of(info(CREATED)).withRun(run);
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
    Instant startedAt = started ? STARTED : null;
    Run unfinished = startedAt == null ? None.NONE : new Running(42, null, startedAt, false);
    Run run = finished ? new Ended(42, startedAt, KILLED, false) : unfinished;

    ContainerRecord record = ContainerRecord.of(info(created ? CREATED : null)).withRun(run);

    assertThat(record.state()).isEqualTo(state);
  }

  @Test
  void aPausedContainerAndOneWhoseExitIsPendingAreStillRunning() {
    Running paused = new Running(42, CREATED, STARTED, true);

    assertThat(with(paused).state()).isEqualTo(ContainerState.RUNNING);
    assertThat(with(paused).paused()).isTrue();
    assertThat(with(new Ending(paused, PENDING)).state()).isEqualTo(ContainerState.RUNNING);
    assertThat(with(new Ending(paused, PENDING)).paused()).isTrue();
  }

  private static Stream<Run> live() {
    return Stream.of(new Created(42, null), RUNNING, new WithoutProcess(STARTED, false));
  }

  @ParameterizedTest
  @MethodSource("live")
  void aRunLivesUntilItsEndIsReported(Run.Live run) {
    assertThat(with(run).isLive()).isTrue();
    assertThat(with(new Ending(run, PENDING)).isLive()).isFalse();
    assertThat(with(new Ended(run.pid(), run.startedAt(), KILLED, true)).isLive()).isFalse();
    assertThat(with(None.NONE).isLive()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("live")
  void aPendingExitLeavesTheProcessAndItsStart(Run.Live run) {
    ContainerRecord ending = with(new Ending(run, PENDING));

    assertThat(ending.pid()).isEqualTo(run.pid());
    assertThat(ending.startedAt()).isEqualTo(run.startedAt());
    assertThat(ending.pendingExit()).isEqualTo(PENDING);
    assertThat(ending.exit()).isNull();
    assertThat(ending.state()).isEqualTo(with(run).state());
  }

  @Test
  void anEndLeavesNoProcessAndNothingPendingInOneRecord() {
    ContainerRecord ended = with(OVER);

    assertThat(ended.pid()).isZero();
    assertThat(ended.run().pid()).isEqualTo(42);
    assertThat(ended.startedAt()).isEqualTo(STARTED);
    assertThat(ended.exit()).isEqualTo(KILLED);
    assertThat(ended.paused()).isFalse();
    assertThat(ended.pendingExit()).isNull();
    assertThat(ended.cleanupPending()).isFalse();
    assertThat(ended.state()).isEqualTo(ContainerState.EXITED);
    assertThat(with(new Ended(42, STARTED, KILLED, true)).cleanupPending()).isTrue();
  }

  @Test
  void theKnownExitIsTheRecordedOneElseThePendingOne() {
    assertThat(with(RUNNING).knownExit()).isNull();
    assertThat(with(new Ending(RUNNING, PENDING)).knownExit()).isEqualTo(KILLED);
    assertThat(with(OVER).knownExit()).isEqualTo(KILLED);
  }

  @Test
  void eachChangeChangesItsOwnComponentOnly() {
    ContainerRecord before = new ContainerRecord(info(CREATED), "/run/a", RUNNING, false);

    assertThat(before.withInfo(info(null)))
        .isEqualTo(new ContainerRecord(info(null), "/run/a", RUNNING, false));
    assertThat(before.withBundle("/run/b"))
        .isEqualTo(new ContainerRecord(info(CREATED), "/run/b", RUNNING, false));
    assertThat(before.withRun(OVER))
        .isEqualTo(new ContainerRecord(info(CREATED), "/run/a", OVER, false));
    assertThat(before.withOrphaned(true))
        .isEqualTo(new ContainerRecord(info(CREATED), "/run/a", RUNNING, true));
  }

  @Test
  void whatIsKeptOfARemovedContainerIsHowItEnded() {
    ContainerInfo details =
        new ContainerInfo(ID, "busybox", "runc", Map.of("a", "b"), "pod", CREATED, "{}", "{}");
    ContainerRecord removed =
        new ContainerRecord(details, "/run/a", new Ended(42, STARTED, KILLED, true), true);

    assertThat(removed.ofRemoved())
        .isEqualTo(new ContainerRecord(details.withoutDetails(), "", OVER, false));
  }
}
