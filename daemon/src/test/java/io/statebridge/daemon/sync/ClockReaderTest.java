package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.daemon.sync.lifecycle.ClockSteps;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ClockReaderTest {

  private final FakeLoop loop = new FakeLoop();
  private final ClockReader reader = new ClockReader(loop);

  @Test
  void aStepIsKnownToTheSecondHoweverLongNothingHappened() {
    reader.start();
    loop.advance(Duration.ofHours(1));
    loop.stepWall(Duration.ofMinutes(-10));
    loop.advance(Duration.ofHours(1));

    ClockSteps steps = reader.read(loop.now());

    Duration unsure =
        Duration.between(Objects.requireNonNull(steps.from()), Objects.requireNonNull(steps.to()));
    assertThat(unsure).isEqualTo(Duration.ofMinutes(10).plus(ClockReader.INTERVAL));
  }

  @Test
  void whenStoppedItReadsNoMore() {
    reader.start();
    loop.advance(Duration.ofSeconds(5));

    reader.stop();

    assertThat(loop.timers()).isZero();
  }
}
