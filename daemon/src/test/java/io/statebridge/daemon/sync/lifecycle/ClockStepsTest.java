package io.statebridge.daemon.sync.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockStepsTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  /** Read at noon, and a second later, when the clock says it is this much earlier. */
  private static ClockSteps setBack(Duration by) {
    return ClockSteps.NONE.read(NOON, SECOND, SECOND, NOON.plusSeconds(1).minus(by));
  }

  @Test
  void aClockThatGoesForwardTellsEveryOrder() {
    ClockSteps steps = ClockSteps.NONE.read(NOON, SECOND, SECOND, NOON.plusSeconds(90));

    assertThat(steps.isBefore(NOON, NOON.plusNanos(1))).isTrue();
    assertThat(steps.isBefore(NOON.plusNanos(1), NOON)).isFalse();
  }

  @Test
  void twoDatesInTheTimeThatWasGoneThroughTwiceHaveNoOrder() {
    ClockSteps steps = setBack(Duration.ofMinutes(10));

    assertThat(steps.isBefore(NOON.minusSeconds(500), NOON.minusSeconds(400))).isFalse();
    assertThat(steps.isBefore(NOON.minusSeconds(700), NOON.minusSeconds(400))).isTrue();
    assertThat(steps.isBefore(NOON.minusSeconds(400), NOON.plusSeconds(2))).isTrue();
  }

  @Test
  void itIsNoLongerThanTheStepAndTheTimeBetweenTwoReadings() {
    ClockSteps steps = setBack(Duration.ofMinutes(10));

    assertThat(steps.from()).isEqualTo(NOON.minus(Duration.ofMinutes(10)));
    assertThat(steps.to()).isEqualTo(NOON.plusSeconds(1));
  }
}
