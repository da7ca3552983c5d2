package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class ExitTest {
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");

  @ParameterizedTest
  @CsvSource({"0, Completed", "1, Error", "137, Error", "255, Error"})
  void theReasonOfAnEndThatSomebodySawFollowsFromItsCode(int code, String reason) {
    assertThat(new Exit(code, AT, ExitSource.EVENT).reason()).isEqualTo(reason);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
  void whoeverSawTheEndIsBelieved(ExitSource source) {
    assertThat(new Exit(0, AT, source).reason()).isEqualTo("Completed");
    assertThat(new Exit(3, AT, source).reason()).isEqualTo("Error");
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "255"})
  void anEndThatNobodySawIsUnknownWhateverItsCode(int code) {
    assertThat(new Exit(code, AT, ExitSource.UNKNOWN).reason()).isEqualTo("Unknown");
  }

  @Test
  void anUnseenEndSaysSoInEveryField() {
    Exit unseen = Exit.unseen(AT);

    assertThat(unseen.code()).isEqualTo(255);
    assertThat(unseen.exitedAt()).isEqualTo(AT);
    assertThat(unseen.source()).isEqualTo(ExitSource.UNKNOWN);
    assertThat(unseen.isUnseen()).isTrue();
    assertThat(unseen.reason()).isEqualTo("Unknown");
    assertThat(unseen.message()).contains("nobody saw its end");
  }

  @Test
  void aMessageIsEmptyUntilOneIsGivenAndThenReplacesNothingElse() {
    Exit exit = new Exit(3, AT, ExitSource.SHIM);

    assertThat(exit.message()).isEmpty();
    assertThat(exit.withMessage("out of luck"))
        .isEqualTo(new Exit(3, AT, ExitSource.SHIM, "Error", "out of luck"));
  }

  @Test
  void aReasonIsReplacedByItselfAlone() {
    Exit exit = new Exit(137, AT, ExitSource.SHIM).withMessage("out of luck");

    assertThat(exit.withReason(Exit.OOM_KILLED))
        .isEqualTo(new Exit(137, AT, ExitSource.SHIM, "OOMKilled", "out of luck"));
  }
}
