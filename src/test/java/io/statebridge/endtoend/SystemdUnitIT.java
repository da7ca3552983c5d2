package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The unit file as systemd reads it. */
final class SystemdUnitIT {

  @Test
  void theUnitHasNothingThatSystemdComplainsOf() throws IOException {
    Program.require("systemd-analyze", "systemd");
    String unit =
        Files.readString(Checkout.file("packaging/statebridge.service"))
            .replace(
                "/opt/statebridge/bin/statebridge", Checkout.file("bin/statebridge").toString());
    assertThat(unit).contains(Checkout.file("bin/statebridge").toString());
    // It serves while containerd is down.
    assertThat(unit).contains("Wants=containerd.service").doesNotContain("Requires=");
    try (Scratch scratch = Scratch.create()) {
      Path copy = Files.writeString(scratch.resolve("statebridge.service"), unit);

      Program.Result result =
          Program.run(new ProcessBuilder("systemd-analyze", "verify", "--man=no", copy.toString()));

      assertThat(result.err()).isEmpty();
      assertThat(result.status()).isZero();
    }
  }
}
