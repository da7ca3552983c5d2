package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a user gets wrong is told in one line with the remedy, and by the exit status. */
final class BadInputIT {
  private static final int FAILED = 1;
  private static final int USAGE = 2;
  private static final int NO_SUCH_CONTAINER = 3;

  private final Scratch scratch = Scratch.create();
  private final Path missing = scratch.resolve("missing.sock");
  private final Path listen = scratch.resolve("listen.sock");

  @AfterEach
  void end() {
    scratch.close();
  }

  private static void assertOneLine(Program.Result result, int status, String... words) {
    assertThat(result.err()).startsWith("statebridge: ").hasLineCount(1).contains(words);
    assertThat(result.out()).isEmpty();
    assertThat(result.status()).isEqualTo(status);
  }

  private static Program.Result statebridge(String... arguments) {
    return Program.run(Checkout.statebridge(arguments));
  }

  private Program.Result run(String... options) {
    ProcessBuilder builder =
        Checkout.statebridge(
            "run",
            "--containerd-socket",
            missing.toString(),
            "--state-dir",
            scratch.resolve("state").toString());
    builder.command().addAll(List.of(options));
    return Program.run(builder);
  }

  @Test
  void aClientWithoutADaemonIsAskedWhetherItRuns() {
    assertOneLine(
        statebridge("list", "--socket", missing.toString()),
        FAILED,
        missing.toString(),
        "is the daemon running?");
  }

  @ParameterizedTest
  @CsvSource({
    "run --listne x, run --help",
    "run --namespace k8s.io:sometimes, k8s.io:sometimes",
    "run --namespace bad/name, bad/name",
    "list --state SLEEPING, SLEEPING",
    "list --label =x, KEY=VALUE",
    "watch --resume 17, EPOCH:REVISION",
    "wait, wait --help",
    "get, get --help",
    "demo --seconds 0, 3 to 3600",
    "dance, dance",
  })
  void aWrongArgumentIsAUsageError(String line, String word) {
    Program.Result result = statebridge(line.split(" ", -1));

    assertOneLine(result, USAGE, word);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "listen = ",
        "listne = \"/x\"",
        "finalize_after = \"soon\"",
        "delete_exited_tasks = \"sometimes\"",
        "change_log_size = 1",
        "namespaces = 3",
      })
  void aWrongConfigFileIsToldWithItsNameAndThePlace(String text) throws IOException {
    Path config = Files.writeString(scratch.resolve("config.toml"), text + "\n");

    assertOneLine(run("--config", config.toString()), USAGE, config.toString());
  }

  @Test
  void aConfigFileThatIsNotThereIsNamed() {
    String config = scratch.resolve("none.toml").toString();

    assertOneLine(run("--config", config), USAGE, config);
  }

  @Test
  void aSocketThatAnotherDaemonServesOnIsLeftToIt() {
    try (StatebridgeProcess other = new StatebridgeProcess(missing)) {
      other.start();

      Program.Result second = run("--listen", other.socket().toString());

      assertOneLine(second, FAILED, other.socket().toString(), "another process listens");
      assertThat(other.cli().run("status").status()).isZero();
    }
  }

  @Test
  void aStateDirectoryThatAnotherDaemonUsesIsLeftToIt() {
    try (StatebridgeProcess other = new StatebridgeProcess(missing)) {
      other.start();

      Program.Result second =
          Program.run(
              Checkout.statebridge(
                  "run",
                  "--containerd-socket",
                  missing.toString(),
                  "--listen",
                  scratch.resolve("second.sock").toString(),
                  "--state-dir",
                  other.stateDirectory().toString()));

      assertOneLine(second, FAILED, other.stateDirectory().toString(), "in use by another daemon");
    }
  }

  @Test
  void aSocketFileThatADeadDaemonLeftIsReplaced() throws Exception {
    try (StatebridgeProcess daemon = new StatebridgeProcess(missing)) {
      leaveStaleSocket(daemon.socket());

      daemon.start();

      assertThat(daemon.cli().run("status").status()).isZero();
    }
  }

  private static void leaveStaleSocket(Path path) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
    }
    assertThat(path).exists();
  }

  @Test
  void aFileThatIsNoSocketIsNotTouched() throws IOException {
    Files.writeString(listen, "precious");

    assertOneLine(run("--listen", listen.toString()), FAILED, listen.toString(), "is no socket");
    assertThat(listen).hasContent("precious");
  }

  @Test
  void aPathThatCannotBeADirectoryIsToldWithTheRemedy() throws IOException {
    Path file = Files.writeString(scratch.resolve("file"), "");

    assertOneLine(run("--listen", file.resolve("s.sock").toString()), FAILED, "--listen");
  }

  @Test
  void aMissingContainerdIsSaidInTheLogAndTheStatusAndWaitedFor() throws Exception {
    try (StatebridgeProcess daemon = new StatebridgeProcess(missing)) {
      daemon.start();

      String status = daemon.cli().run("status").out();
      assertThat(status)
          .startsWith("not yet in sync with containerd at " + missing)
          .contains("is containerd running?");
      await()
          .untilAsserted(
              () ->
                  assertThat(daemon.log())
                      .contains("is containerd running?")
                      .doesNotContain("\tat "));

      try (SimulatedContainerd _ = SimulatedContainerd.start(missing)) {
        daemon.awaitInSync();
      }
    }
  }

  @Test
  void anUnknownIdAnAmbiguousPrefixAndABadFilterAreToldApart() throws Exception {
    try (SimulatedContainerd containerd = SimulatedContainerd.start(missing);
        StatebridgeProcess daemon = new StatebridgeProcess(missing)) {
      containerd.createContainer("default", "web-1", Map.of());
      containerd.createContainer("default", "web-2", Map.of());
      daemon.start();
      daemon.awaitInSync();
      Cli cli = daemon.cli();

      assertOneLine(cli.run("get", "db"), NO_SUCH_CONTAINER, "db");
      assertOneLine(cli.run("wait", "db"), NO_SUCH_CONTAINER, "db");
      assertOneLine(cli.run("get", "web"), USAGE, "web-1", "web-2");
      assertThat(cli.run("get", "web-1").status()).isZero();
    }
  }

  @Test
  void sigtermEndsTheDaemonCleanlyAndTakesItsSocketAway() throws Exception {
    try (StatebridgeProcess daemon = new StatebridgeProcess(missing)) {
      daemon.start();

      int status = daemon.terminate(5);

      assertThat(status).isZero();
      assertThat(daemon.socket()).doesNotExist();
    }
  }
}
