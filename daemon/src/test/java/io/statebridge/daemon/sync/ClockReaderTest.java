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
  private final SyncLoop heldUp = mock(SyncLoop.class);

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

  /** Lets the thread wait for a processor before and after it next reads the wall clock. */
  private void holdUp(Duration before, Duration after) {
    when(heldUp.now())
        .thenAnswer(
            call -> {
              loop.advance(before);
              Instant clock = loop.now();
              loop.advance(after);
              return clock;
            })
        .thenAnswer(call -> loop.now());
  }

  @ParameterizedTest
  @CsvSource({"PT0.05S, PT0S", "PT0S, PT0.05S", "PT0.05S, PT0.05S"})
  void aThreadThatIsHeldUpBetweenTheTwoClocksIsNoStep(Duration before, Duration after) {
    ClockReader held = readerOfHeldUp();

    holdUp(before, after);
    ClockSteps first = held.read();
    ClockSteps second = held.read();

    assertThat(first).isEqualTo(ClockSteps.NONE);
    assertThat(second).isEqualTo(ClockSteps.NONE);
  }

  @Test
  void aStepIsKnownAlsoIfTheThreadIsHeldUp() {
    ClockReader held = readerOfHeldUp();
    Instant before = loop.now();

    loop.stepWall(Duration.ofSeconds(-1));
    holdUp(Duration.ofMillis(50), Duration.ofMillis(50));
    ClockSteps steps = held.read();

    assertThat(steps.from()).isBeforeOrEqualTo(before.minusSeconds(1));
    assertThat(steps.to()).isAfterOrEqualTo(before);
  }

  private ClockReader readerOfHeldUp() {
    when(heldUp.nanoTime()).thenAnswer(call -> loop.nanoTime());
    when(heldUp.now()).thenAnswer(call -> loop.now());
    return new ClockReader(heldUp);
  }

  @Test
  void whenStoppedItReadsNoMore() {
    reader.start();
    loop.advance(Duration.ofSeconds(5));

    reader.stop();

    assertThat(loop.timers()).isZero();
  }
}
