package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CpuRatesTest {
  private static final ContainerId WEB = new ContainerId("k8s.io", "web");
  private static final ContainerId DB = new ContainerId("k8s.io", "db");
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  private final CpuRates rates = new CpuRates();

  private OptionalLong sample(ContainerId id, long atMillis, long usedMillis) {
    return rates.nanoCores(id, START.plusMillis(atMillis), Duration.ofMillis(usedMillis).toNanos());
  }

  private static OptionalLong cores(double cores) {
    return OptionalLong.of((long) (cores * Duration.ofSeconds(1).toNanos()));
  }

  @Test
  void aRateIsWhatWasUsedSinceTheRequestBefore() {
    assertThat(sample(WEB, 0, 1000)).isEmpty();
    assertThat(sample(WEB, 2000, 1500)).isEqualTo(cores(0.25));
    assertThat(sample(WEB, 2500, 3000)).isEqualTo(cores(3));
    assertThat(sample(WEB, 9500, 3000)).isEqualTo(cores(0));
  }

  @Test
  void eachContainerHasItsOwn() {
    sample(WEB, 0, 0);

    assertThat(sample(DB, 1000, 1000)).isEmpty();
    assertThat(sample(WEB, 1000, 500)).isEqualTo(cores(0.5));
  }

  @Test
  void samplesThatAreCloseTogetherTellTheLastRate() {
    sample(WEB, 0, 0);
    assertThat(sample(WEB, 99, 99)).isEmpty();
    sample(WEB, 1000, 500);

    assertThat(sample(WEB, 1099, 599)).isEqualTo(cores(0.5));
    assertThat(sample(WEB, 901, 450)).isEqualTo(cores(0.5));
    assertThat(sample(WEB, 1100, 600)).isEqualTo(cores(1));
  }

  @Test
  void lessThanBeforeIsANewRun() {
    sample(WEB, 0, 5000);
    sample(WEB, 1000, 6000);

    assertThat(sample(WEB, 2000, 10)).isEmpty();
    assertThat(sample(WEB, 3000, 260)).isEqualTo(cores(0.25));
  }

  @Test
  void aClockThatIsSetBackBeginsAnew() {
    sample(WEB, 100_000, 0);
    sample(WEB, 101_000, 500);

    assertThat(sample(WEB, 1000, 600)).isEmpty();
    assertThat(sample(WEB, 2000, 850)).isEqualTo(cores(0.25));
  }

  @Test
  void whoRunsNoMoreIsForgotten() {
    sample(WEB, 0, 0);
    sample(DB, 0, 0);

    rates.retain(Set.of(DB));

    assertThat(sample(WEB, 1000, 1000)).isEmpty();
    assertThat(sample(DB, 1000, 1000)).isEqualTo(cores(1));
  }
}
