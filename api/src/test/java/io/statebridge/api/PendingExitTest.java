package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

final class PendingExitTest {
  private static final Instant ENDED = Instant.parse("2026-01-02T03:04:05Z");
  private static final Instant OBSERVED = ENDED.plusMillis(2);
  private static final Exit EXIT = new Exit(1, ENDED, ExitSource.EVENT);

  @Test
  void aFreshOneHasNoFailedDelete() {
    assertThat(PendingExit.of(EXIT, OBSERVED)).isEqualTo(new PendingExit(EXIT, OBSERVED, 0, ""));
  }

  @Test
  void eachFailedDeleteIsCountedAndTheLastErrorKept() {
    PendingExit twice =
        PendingExit.of(EXIT, OBSERVED).afterFailedDelete("busy").afterFailedDelete("too slow");

    assertThat(twice).isEqualTo(new PendingExit(EXIT, OBSERVED, 2, "too slow"));
  }

  @Test
  void anExitThatIsKnownBetterKeepsWhenAnExitWasObserved() {
    PendingExit pending = PendingExit.of(EXIT, OBSERVED).afterFailedDelete("busy");
    Exit better = new Exit(3, ENDED, ExitSource.SHIM);

    assertThat(pending.withExit(better)).isEqualTo(new PendingExit(better, OBSERVED, 1, "busy"));
  }
}
