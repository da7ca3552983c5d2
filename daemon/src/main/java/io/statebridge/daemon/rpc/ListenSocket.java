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
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The path that we listen on. The server binds a temporary name beside it, which is given its mode
 * and then renamed into place: clients never see a socket with the wrong mode, and a stale one is
 * replaced in one step.
 */
record ListenSocket(Path path, Path temporary) implements Listener {

  private static final Logger log = LoggerFactory.getLogger(ListenSocket.class);

  /** What sockaddr_un has room for, less the closing NUL. */
  private static final int MAX_PATH_BYTES = 107;

  private static final String MODE = "rw-rw----";

  static ListenSocket claim(Path wanted) throws ListenException {
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
      checkFree(path);
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

  private static void checkFree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Object kind = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if (!(kind instanceof Integer mode) || (mode & 0170000) != 0140000) {
      throw new ListenException(
          path + " exists and is no socket: remove it, or choose another path with --listen");
    }
    if (answers(path)) {
      throw new ListenException(
          "another process listens on " + path + ": stop it, or choose another path with --listen");
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

  @Override
  public NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(temporary.toString()))
        .channelType(EpollServerDomainSocketChannel.class);
  }

  @Override
  public void publish() throws ListenException {
    try {
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(MODE));
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

  /** Takes the published socket away. */
  @Override
  public void remove() {
    delete(path);
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
