package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private static final Duration BASE = Duration.ofMillis(50);
  private static final Duration CAP = Duration.ofSeconds(10);

  private final Backoff backoff = new Backoff(BASE, CAP, new Random(1));

  @Test
  void delaysStayBelowACeilingThatDoublesUpToTheCap() {
    for (int attempt = 0; attempt < 100; attempt++) {
      Duration doubled = attempt < 20 ? BASE.multipliedBy(1L << attempt) : CAP;
      Duration ceiling = doubled.compareTo(CAP) < 0 ? doubled : CAP;

      for (int draw = 0; draw < 100; draw++) {
        assertThat(backoff.delay(attempt)).isBetween(Duration.ZERO, ceiling);
      }
    }
  }

  @Test
  void manyAttemptsDoNotOverflow() {
    assertThat(backoff.delay(Integer.MAX_VALUE)).isBetween(Duration.ZERO, CAP);
  }

  @Test
  void delaysAreSpreadOverTheWholeRange() {
    List<Long> millis =
        IntStream.range(0, 1000).mapToObj(i -> backoff.delay(20).toMillis()).toList();

    assertThat(millis).anyMatch(delay -> delay < 1000).anyMatch(delay -> delay > 9000);
  }
}
