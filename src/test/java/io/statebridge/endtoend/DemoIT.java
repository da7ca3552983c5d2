package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a first look at the project shows. */
final class DemoIT {
  private static final Pattern PRODUCED = Pattern.compile("(?m)^exits produced +(\\d+),");

  @Test
  void theDemoLosesNoExitAlthoughContainerdGoesAwayHalfWay() {
    ProcessBuilder demo = Checkout.statebridge("demo", "--containers", "10", "--seconds", "4");

    Program.Result result = Program.run(demo);

    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .containsPattern("(?m)^lost +0$")
        .containsPattern("(?m)^wrong codes +0$");
    Matcher produced = PRODUCED.matcher(result.out());
    assertThat(produced.find()).isTrue();
    assertThat(Integer.parseInt(produced.group(1))).isPositive();
    assertThat(result.status()).isZero();
  }
}
