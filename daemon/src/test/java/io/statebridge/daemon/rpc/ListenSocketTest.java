package io.statebridge.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ListenSocketTest {
  private static final int MAX_BYTES = 107;

  private final Path directory;
  private final Path path;

  ListenSocketTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("s.sock");
  }

  private static ApiServer serve(Path path) throws IOException {
    return Api.serve(path, new ContainerStore("e1", 16));
  }

  private static boolean answers(Path path) {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return client.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** What a daemon that was killed leaves behind. */
  private static void leaveStaleSocket(Path path) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
    }
  }

  private static void assertRefused(Path path, String why, String remedy) {
    assertThatExceptionOfType(ListenException.class)
        .isThrownBy(() -> serve(path).close())
        .withMessageContaining(path.toString())
        .withMessageContaining(why)
        .withMessageContaining(remedy);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void aFreshSocketIsForItsUserAndGroupAloneAndGoesWithTheServer() throws Exception {
    try (ApiServer server = serve(path)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-rw----");
      assertThat(answers(path)).isTrue();
      assertThat(files()).containsExactly(path);
      assertThat(server).isNotNull();
    }

    assertThat(files()).isEmpty();
  }

  @Test
  void theDirectoryIsMadeIfThereIsNone() throws Exception {
    Path deep = directory.resolve("a/b/s.sock");

    try (ApiServer server = serve(deep)) {
      assertThat(answers(deep)).isTrue();
      assertThat(server).isNotNull();
    }
  }

  @Test
  void aSocketThatNobodyListensOnIsReplaced() throws Exception {
    leaveStaleSocket(path);

    try (ApiServer server = serve(path)) {
      assertThat(answers(path)).isTrue();
      assertThat(server).isNotNull();
    }
  }

  @Test
  void whatAServerThatWasKilledHalfwayLeftIsReplaced() throws Exception {
    leaveStaleSocket(ListenSocket.claim(path).temporary());

    try (ApiServer server = serve(path)) {
      assertThat(answers(path)).isTrue();
      assertThat(server).isNotNull();
    }
  }

  @Test
  void aSocketThatAnotherDaemonListensOnIsLeftToIt() throws Exception {
    try (ApiServer other = serve(path)) {
      assertThatExceptionOfType(ListenException.class)
          .isThrownBy(() -> ListenSocket.claim(path, Duration.ofMillis(300)))
          .withMessageContaining("another process listens on")
          .withMessageContaining("stop it");

      assertThat(answers(path)).isTrue();
      assertThat(files()).containsExactly(path);
      assertThat(other).isNotNull();
    }
  }

  /** As after an upgrade whose supervisor does not wait. */
  @Test
  void aDaemonThatIsEndingIsWaitedFor() throws Exception {
    ApiServer other = serve(path);
    CompletableFuture<ListenSocket> next =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return ListenSocket.claim(path);
              } catch (ListenException e) {
                throw new IllegalStateException(e);
              }
            });
    boolean tooSoon = next.isDone();

    other.close();

    assertThat(next.get(10, TimeUnit.SECONDS)).isNotNull();
    assertThat(tooSoon).isFalse();
  }

  @Test
  void theSocketOfAnotherDaemonIsNotTakenAwayAtTheEnd() throws Exception {
    ApiServer first = serve(path);
    Files.delete(path);
    try (ServerSocketChannel second = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      second.bind(UnixDomainSocketAddress.of(path));

      first.close();

      assertThat(answers(path)).isTrue();
    }
  }

  @Test
  void whatIsNoSocketIsLeftAlone() throws Exception {
    Files.writeString(path, "precious");
    Path folder = Files.createDirectory(directory.resolve("folder"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("nowhere"));

    assertRefused(path, "exists and is no socket", "remove it, or choose another path");
    assertRefused(folder, "exists and is no socket", "--listen");
    assertRefused(link, "exists and is no socket", "--listen");

    assertThat(path).hasContent("precious");
    assertThat(folder).isDirectory();
    assertThat(link).isSymbolicLink();
  }

  @Test
  void aPathThatJustFitsIsServedAndOneThatIsLongerRefused() throws Exception {
    int room = MAX_BYTES - temporaryLength(directory.resolve("\u00e4"));
    Path longest = directory.resolve("\u00e4" + "x".repeat(room));
    Path tooLong = directory.resolve("\u00e4" + "x".repeat(room + 1));

    try (ApiServer server = serve(longest)) {
      assertThat(answers(longest)).isTrue();
      assertThat(server).isNotNull();
    }
    assertRefused(tooLong, "too long for a unix socket", "choose a shorter path");
  }

  private static int temporaryLength(Path path) throws ListenException {
    return ListenSocket.claim(path).temporary().toString().getBytes(StandardCharsets.UTF_8).length;
  }

  @Test
  void aDirectoryThatCannotBeMadeIsTold() throws Exception {
    Files.createFile(directory.resolve("file"));

    assertRefused(directory.resolve("file/s.sock"), "cannot listen on", "--listen");
  }

  @Test
  void whatWasBoundAndNotPublishedIsTakenAwayAndNothingElse() throws Exception {
    leaveStaleSocket(path);
    ListenSocket socket = ListenSocket.claim(path);
    leaveStaleSocket(socket.temporary());

    socket.discard();

    assertThat(files()).containsExactly(path);
  }
}
