package io.statebridge.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** That every failure is one line with a remedy, and the exit status that belongs to it. */
final class FailuresTest {
  private final Path directory;
  private final Path socket;

  FailuresTest(@TempDir Path directory) {
    this.directory = directory;
    this.socket = directory.resolve("s.sock");
  }

  private static void assertFailed(CommandRun run, int status, String... words) {
    assertThat(run.err()).startsWith("statebridge: ").hasLineCount(1);
    for (String word : words) {
      assertThat(run.err()).contains(word);
    }
    assertThat(run.status()).isEqualTo(status);
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "NOT_FOUND, 3",
    "INVALID_ARGUMENT, 2",
    "UNAVAILABLE, 1",
    "UNIMPLEMENTED, 1",
    "INTERNAL, 1",
    "RESOURCE_EXHAUSTED, 1"
  })
  void everyCommandTellsAFailedCallByItsStatusCode(Status.Code code, int exitStatus)
      throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(socket)) {
      daemon.answers(code.toStatus().withDescription("told\nby the daemon"));

      String at = "--socket=" + socket;
      assertFailed(CommandRun.of("get", "x", at), exitStatus);
      assertFailed(CommandRun.of("wait", "x", at), exitStatus);
      assertFailed(CommandRun.of("list", at), exitStatus);
      assertFailed(CommandRun.of("watch", at), exitStatus);
      assertFailed(CommandRun.of("status", at), exitStatus);
    }
  }

  @Test
  void whatTheDaemonDoesNotKnowYetIsToldInItsWords() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(socket)) {
      daemon.answers(
          Status.UNAVAILABLE.withDescription(
              "container 'x' is not known yet, and statebridge is not in sync with containerd"));

      CommandRun run = CommandRun.of("get", "x", "--socket=" + socket);

      assertFailed(run, 1, "container 'x' is not known yet");
    }
  }

  @Test
  void anAmbiguousPrefixIsAUsageErrorInTheDaemonsWords() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(socket)) {
      daemon.answers(Status.INVALID_ARGUMENT.withDescription("ab is a prefix of abc, abd"));

      CommandRun run = CommandRun.of("get", "ab", "--socket=" + socket);

      assertFailed(run, 2, "ab is a prefix of abc, abd");
    }
  }

  @Test
  void aWatchThatCannotGoOnSaysToStartAgainWithoutResume() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(socket)) {
      daemon.answers(Status.OUT_OF_RANGE.withDescription("compacted"));

      CommandRun run = CommandRun.of("watch", "--resume=e:1", "--socket=" + socket);

      assertFailed(run, 1, "compacted", "without --resume");
    }
  }

  @Test
  void noSocketFileAsksWhetherTheDaemonRuns() {
    CommandRun run = CommandRun.of("list", "--socket=" + socket);

    assertFailed(run, 1, "no daemon socket at " + socket, "'statebridge run'", "--socket");
  }

  @Test
  void aSocketThatNobodyListensAtSaysSo() throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
    }

    CommandRun run = CommandRun.of("list", "--socket=" + socket);

    assertFailed(run, 1, "nothing listens at " + socket);
  }

  @Test
  void aRegularFileIsNoSocket() throws IOException {
    Files.createFile(socket);

    assertFailed(CommandRun.of("list", "--socket=" + socket), 1, "is not a socket");
    assertFailed(CommandRun.of("list", "--socket=" + directory), 1, "is not a socket");
  }

  @Test
  void aPathThatIsTooLongForASocketIsToldBeforeAConnect() {
    CommandRun run = CommandRun.of("list", "--socket=/" + "x".repeat(107));

    assertFailed(run, 1, "108 bytes", "allow 107");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bogus",
        "list --bogus",
        "list -o xml",
        "list -l nolabel",
        "list -l =value",
        "list -l a=1 -l a=2",
        "list --state gone",
        "get",
        "get a b",
        "get a -n x -n y",
        "wait",
        "wait a --timeout 5",
        "wait a --timeout 0s",
        "watch --resume 7",
        "watch --resume e:-7",
        "watch --resume :7"
      })
  void wrongUsageIsOneLineWithAHint(String line) {
    assertFailed(CommandRun.of(line.split(" ")), 2, "--help'");
  }

  @Test
  void noCommandPrintsTheUsageAsAnError() {
    CommandRun run = CommandRun.of();

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("Usage: statebridge");
  }

  @Test
  void helpAndVersionSucceed() {
    assertThat(CommandRun.of("list", "--help").status()).isZero();
    assertThat(CommandRun.of("--help").out()).startsWith("Usage: statebridge");
    assertThat(CommandRun.of("version").out()).matches("statebridge \\d+\\.\\d+\\.\\d+\n");
  }
}
