package io.statebridge.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class RunCommandTest {

  @Test
  void whatClosesInTimeIsWaitedFor() {
    boolean[] closed = {false};

    assertThat(RunCommand.ended(() -> closed[0] = true, Duration.ofSeconds(10))).isTrue();
    assertThat(closed[0]).isTrue();
  }

  @Test
  void whatHangsInItsCloseIsNotWaitedForForEver() {
    CountDownLatch never = new CountDownLatch(1);

    boolean ended =
        RunCommand.ended(
            () -> {
              try {
                never.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            Duration.ofMillis(50));

    assertThat(ended).isFalse();
    never.countDown();
  }
}
