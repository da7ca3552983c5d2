package io.statebridge.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CheckpointLimitsTest {
  private static final CheckpointLimits LIMITS = CheckpointLimits.DEFAULT;

  @Test
  void theDelayDoublesFromOneSecondToThirty() {
    assertThat(IntStream.rangeClosed(1, 8).mapToObj(LIMITS::retryDelay).map(Duration::toSeconds))
        .containsExactly(1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L);
    assertThat(LIMITS.retryDelay(Integer.MAX_VALUE)).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void somebodyElsesLockIsGivenUpOnBeforeAnyoneWhoWaitsGivesUp() {
    assertThat(LIMITS.busyTimeout()).isLessThan(LIMITS.durableTimeout());
  }
}
