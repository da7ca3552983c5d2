package io.statebridge.daemon.rpc;

import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path that we listen on. The server binds a temporary name beside it, which is given its mode
 * and then renamed into place: clients never see a socket with the wrong mode, and a stale one is
 * replaced in one step.
 */
final class ListenSocket implements Listener {

  private static final Logger log = LoggerFactory.getLogger(ListenSocket.class);

  /** What sockaddr_un has room for, less the closing NUL. */
  private static final int MAX_PATH_BYTES = 107;

  private static final String MODE = "rw-rw----";

  /** As long as for the state directory. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(100).toNanos();

  private final Path path;
  private final Path temporary;
  private @Nullable Object published;

  private ListenSocket(Path path, Path temporary) {
    this.path = path;
    this.temporary = temporary;
  }

  static ListenSocket claim(Path wanted) throws ListenException {
    return claim(wanted, PATIENCE);
  }

  /**
   * @param patience with a process that listens there
   */
  static ListenSocket claim(Path wanted, Duration patience) throws ListenException {
    Path path = wanted.toAbsolutePath();
    Path temporary =
        path.resolveSibling("." + path.getFileName() + "." + ProcessHandle.current().pid());
    if (temporary.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      throw new ListenException(
          path + " is too long for a unix socket: choose a shorter path for --listen");
    }
    try {
      Path directory = path.getParent();
      if (directory != null && !Files.exists(directory)) {
        Files.createDirectories(directory);
      }
      checkFree(path, patience);
      Files.deleteIfExists(temporary);
    } catch (ListenException e) {
      throw e;
    } catch (IOException e) {
      throw new ListenException(
          "cannot listen on "
              + path
              + " ("
              + e
              + "): choose a directory that can be written with --listen",
          e);
    }
    return new ListenSocket(path, temporary);
  }

  private static void checkFree(Path path, Duration patience) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Object kind = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if (!(kind instanceof Integer mode) || (mode & 0170000) != 0140000) {
      throw new ListenException(
          path + " exists and is no socket: remove it, or choose another path with --listen");
    }
    // A daemon that is being replaced may still be ending.
    long start = System.nanoTime();
    while (answers(path)) {
      if (System.nanoTime() - start >= patience.toNanos()) {
        throw new ListenException(
            "another process listens on "
                + path
                + ": stop it, or choose another path with --listen");
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
    }
  }

  /**
   * A socket file that nobody listens on refuses the connection: it is what a killed daemon left
   * behind.
   */
  private static boolean answers(Path path) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      return false;
    }
  }

  Path temporary() {
    return temporary;
  }

  @Override
  public NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(temporary.toString()))
        .channelType(EpollServerDomainSocketChannel.class);
  }

  @Override
  public void publish() throws ListenException {
    try {
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(MODE));
      published = fileKey(temporary);
      Files.move(
          temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ListenException("cannot put the socket at " + path + ": " + e, e);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }

  /** Takes the published socket away, unless another daemon has put its own in its place. */
  @Override
  public void remove() {
    try {
      if (Objects.equals(published, fileKey(path))) {
        delete(path);
      }
    } catch (IOException e) {
      log.debug("{} is not there any more: {}", path, e.toString());
    }
  }

  private static @Nullable Object fileKey(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Takes away what was bound and not published; what others have at the path is theirs. */
  @Override
  public void discard() {
    delete(temporary);
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      log.warn("cannot remove {}, the next start will: {}", path, e.toString());
    }
  }
}
