package io.statebridge.daemon.rpc;

import io.grpc.netty.NettyServerBuilder;
import java.nio.file.Path;
import java.util.Map;

/** Where we serve: on a socket that systemd passes to us, else on one of our own. */
public sealed interface Listener permits ListenSocket, PassedSocket {

  /**
   * @param path where to put a socket of our own
   * @param environment of this process, in which systemd says that it passes one
   * @throws ListenException that names what is wrong and the remedy
   */
  static Listener claim(Path path, Map<String, String> environment) throws ListenException {
    PassedSocket passed =
        PassedSocket.from(environment, ProcessHandle.current().pid()).orElse(null);
    return passed == null ? ListenSocket.claim(path) : passed;
  }

  /** A server that listens there once it is started, on an event loop of epoll. */
  NettyServerBuilder server();

  /** Lets clients find the server that was started. */
  void publish() throws ListenException;

  /** The server has ended. */
  void remove();

  /** The server could not be started, or published. */
  void discard();
}
