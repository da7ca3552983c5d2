package io.statebridge.daemon.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The daemon's socket file, looked at before a connect: what the file system tells is clearer than
 * what is left of it in a failed call's status.
 */
record DaemonSocket(Path path) {
  // sun_path of sockaddr_un has 108 bytes, the last of which is a zero.
  private static final int MAX_PATH_BYTES = 107;
  private static final int FILE_TYPE_BITS = 0170000;
  private static final int SOCKET_TYPE = 0140000;

  /** Fails with the remedy if no connect to the path can succeed. */
  void check() {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw CommandFailure.failed(
          "the socket's path has "
              + bytes
              + " bytes and unix sockets allow "
              + MAX_PATH_BYTES
              + ": name a shorter one with --socket: "
              + path);
    }
    try {
      int mode = (Integer) Files.getAttribute(path, "unix:mode");
      if ((mode & FILE_TYPE_BITS) != SOCKET_TYPE) {
        throw CommandFailure.failed(
            path + " is not a socket: name the daemon's socket with --socket");
      }
    } catch (NoSuchFileException e) {
      throw CommandFailure.failed(
          "no daemon socket at "
              + path
              + ": is the daemon running? Start it with 'statebridge run', or name its socket with"
              + " --socket");
    } catch (AccessDeniedException e) {
      throw denied();
    } catch (IOException e) {
      throw CommandFailure.failed(
          "cannot look at the daemon socket "
              + path
              + " ("
              + e.getMessage()
              + "): name another with --socket");
    }
    if (!Files.isWritable(path)) {
      throw denied();
    }
  }

  private CommandFailure denied() {
    return CommandFailure.failed(
        "no permission for the daemon socket "
            + path
            + ": run this as root or as a member of the socket's group");
  }
}
