package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A few rounds of what bin/chaos does, on the simulated containerd. */
final class ChaosIT {
  private static final long SEED = 14;
  private static final int ROUNDS = 10;

  @AfterEach
  void reset() {
    Awaitility.reset();
  }

  @Test
  @Timeout(600)
  void whateverIsKilledOrStoppedNoExitIsLostWrongOrToldTwice() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));

    ChaosTally tally = new Chaos(System.out, false, SEED).run(0, ROUNDS);

    assertThat(tally.isBad()).as(tally.toString()).isFalse();
  }
}
