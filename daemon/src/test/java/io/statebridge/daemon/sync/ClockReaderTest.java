package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.statebridge.daemon.sync.lifecycle.ClockSteps;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClockReaderTest {

  private final FakeLoop loop = new FakeLoop();
  private final ClockReader reader = new ClockReader(loop);

  @Test
  void aStepIsKnownToTheSecondHoweverLongNothingHappened() {
    reader.start();
    loop.advance(Duration.ofHours(1));
    loop.stepWall(Duration.ofMinutes(-10));
    loop.advance(Duration.ofHours(1));

    ClockSteps steps = reader.read();

    Duration unsure =
        Duration.between(Objects.requireNonNull(steps.from()), Objects.requireNonNull(steps.to()));
    assertThat(unsure).isEqualTo(Duration.ofMinutes(10).plus(ClockReader.INTERVAL));
  }

  /** The loop of a thread that waits for a processor each time that it reads the wall clock. */
  private SyncLoop heldUp(Duration before, Duration after) {
    SyncLoop heldUp = mock(SyncLoop.class);
    when(heldUp.nanoTime()).thenAnswer(call -> loop.nanoTime());
    when(heldUp.now())
        .thenAnswer(
            call -> {
              loop.advance(before);
              Instant clock = loop.now();
              loop.advance(after);
              return clock;
            });
    return heldUp;
  }

  @ParameterizedTest
  @CsvSource({"PT0.05S, PT0S", "PT0S, PT0.05S", "PT0.05S, PT0.05S"})
  void aThreadThatIsHeldUpBetweenTheTwoClocksIsNoStep(Duration before, Duration after) {
    ClockReader held = new ClockReader(heldUp(before, after));

    assertThat(held.read()).isEqualTo(ClockSteps.NONE);
    assertThat(held.read()).isEqualTo(ClockSteps.NONE);
  }

  @Test
  void aStepIsKnownAlsoIfTheThreadIsHeldUp() {
    ClockReader held = new ClockReader(heldUp(Duration.ofMillis(50), Duration.ofMillis(50)));
    Instant before = loop.now();

    loop.stepWall(Duration.ofSeconds(-1));
    ClockSteps steps = held.read();

    assertThat(steps.from()).isBeforeOrEqualTo(before.minusSeconds(1));
    assertThat(steps.to()).isAfterOrEqualTo(before);
  }

  @Test
  void whenStoppedItReadsNoMore() {
    reader.start();
    loop.advance(Duration.ofSeconds(5));

    reader.stop();

    assertThat(loop.timers()).isZero();
  }
}
