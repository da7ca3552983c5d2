package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Running;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RunTest {
  private static final Instant STARTED = Instant.parse("2026-01-02T03:00:01Z");
  private static final Instant ENDED = Instant.parse("2026-01-02T03:00:02.000000003Z");
  private static final Exit KILLED = new Exit(137, ENDED, ExitSource.EVENT);

  @ParameterizedTest
  @ValueSource(longs = {0, -1})
  void aTaskHasAProcess(long pid) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Created(pid, null))
        .withMessageContaining("must be positive, not " + pid);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Running(pid, null, STARTED, false))
        .withMessageContaining("must be positive, not " + pid);
  }

  @Test
  void ofARunThatIsOverThePidMayBeUnknown() {
    assertThat(new Ended(0, null, KILLED, false).pid()).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Ended(-1, null, KILLED, false))
        .withMessageContaining("negative pid -1");
  }

  @Test
  void aRunThatEndedBeforeItsStartWasPublishedStartedNoLaterThanItEnded() {
    assertThat(new Ended(42, ENDED.plusNanos(1), KILLED, false).startedAt()).isEqualTo(ENDED);
    assertThat(new Ended(42, STARTED, KILLED, false).startedAt()).isEqualTo(STARTED);
    assertThat(new Ended(42, null, KILLED, false).startedAt()).isNull();
  }
}
