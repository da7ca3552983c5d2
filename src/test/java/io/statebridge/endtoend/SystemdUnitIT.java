package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The unit files as systemd reads them, and its socket as the daemon takes it. */
final class SystemdUnitIT {

  @Test
  void theUnitsHaveNothingThatSystemdComplainsOf() throws IOException {
    Program.require("systemd-analyze", "systemd");
    String unit =
        Files.readString(Checkout.file("packaging/statebridge.service"))
            .replace(
                "/opt/statebridge/bin/statebridge", Checkout.file("bin/statebridge").toString());
    assertThat(unit).contains(Checkout.file("bin/statebridge").toString());
    // It serves while containerd is down.
    assertThat(unit).contains("Wants=containerd.service").doesNotContain("Requires=");
    try (Scratch scratch = Scratch.create()) {
      Path service = Files.writeString(scratch.resolve("statebridge.service"), unit);
      Path socket =
          Files.copy(
              Checkout.file("packaging/statebridge.socket"), scratch.resolve("statebridge.socket"));

      Program.Result result =
          Program.run(
              new ProcessBuilder(
                  "systemd-analyze", "verify", "--man=no", service.toString(), socket.toString()));

      assertThat(result.err()).isEmpty();
      assertThat(result.status()).isZero();
    }
  }

  @Test
  void theDaemonServesOnASocketThatSystemdPassesAndLeavesItThere() throws Exception {
    Program.require("systemd-socket-activate", "systemd");
    try (Scratch scratch = Scratch.create()) {
      Path socket = scratch.resolve("passed.sock");
      ProcessBuilder builder =
          Checkout.statebridge(
              "run",
              "--containerd-socket",
              scratch.resolve("none.sock").toString(),
              "--listen",
              scratch.resolve("unused.sock").toString(),
              "--state-dir",
              scratch.resolve("state").toString());
      builder
          .command()
          .addAll(0, List.of("systemd-socket-activate", "--listen=" + socket, "-E", "JAVA_HOME"));
      Path log = Checkout.newLog("socket-activate");
      Process daemon = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      try {
        await().until(() -> Files.exists(socket));

        // It is started by this, its first client.
        assertThat(new Cli(socket).json("status").get("runtime").get("phase").isTextual()).isTrue();

        assertThat(scratch.resolve("unused.sock")).doesNotExist();
        daemon.destroy();
        assertThat(daemon.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(daemon.exitValue()).isZero();
        assertThat(socket).exists();
        assertThat(log).content().contains("serves on the socket that systemd passed");
      } finally {
        daemon.destroyForcibly();
      }
    }
  }
}
