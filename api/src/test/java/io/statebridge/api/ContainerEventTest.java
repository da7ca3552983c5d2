package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent.Exited;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerEventTest {
  private static final ContainerId ID = new ContainerId("default", "web");
  private static final Exit EXIT = new Exit(0, Instant.EPOCH, ExitSource.EVENT);

  @ParameterizedTest
  @CsvSource({"0, true", "4294967295, true", "1, false", "4294967294, false"})
  void twoPidsStandForADeadShim(long pid, boolean deadShim) {
    assertThat(new Exited(ID, "web", pid, EXIT).fromDeadShim()).isEqualTo(deadShim);
    assertThat(ContainerEvent.isSentinel(pid)).isEqualTo(deadShim);
  }

  @Test
  void whoWasAskedForAnExitSpeaksForNoDeadShim() {
    Exit told = new Exit(0, Instant.EPOCH, ExitSource.WAIT);

    assertThat(new Exited(ID, "web", 0, told).fromDeadShim()).isFalse();
  }

  @Test
  void onlyTheProcessWithTheContainersOwnIdIsItsInitProcess() {
    assertThat(new Exited(ID, "web", 42, EXIT).ofInitProcess()).isTrue();
    assertThat(new Exited(ID, "exec-1", 42, EXIT).ofInitProcess()).isFalse();
    assertThat(new Exited(ID, "", 42, EXIT).ofInitProcess()).isFalse();
  }
}
