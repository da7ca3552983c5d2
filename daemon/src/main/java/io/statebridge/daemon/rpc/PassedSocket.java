package io.statebridge.daemon.rpc;

import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Optional;

/**
 * A socket that systemd listens on and passes to us, as sd_listen_fds(3) says. It was there before
 * us and stays when we end: who connects while the daemon is restarted waits, and is not refused.
 *
 * @param descriptor of the listening socket
 */
record PassedSocket(int descriptor) implements Listener {

  /** SD_LISTEN_FDS_START. */
  private static final int FIRST_DESCRIPTOR = 3;

  /**
   * @param pid our own: what was passed to another process is not for us
   */
  static Optional<PassedSocket> from(Map<String, String> environment, long pid)
      throws ListenException {
    String count = environment.getOrDefault("LISTEN_FDS", "0");
    if (!Long.toString(pid).equals(environment.get("LISTEN_PID")) || count.equals("0")) {
      return Optional.empty();
    }
    if (!count.equals("1")) {
      throw new ListenException(
          "systemd passes " + count + " sockets: leave one ListenStream= in statebridge.socket");
    }
    return Optional.of(new PassedSocket(FIRST_DESCRIPTOR));
  }

  @Override
  public NettyServerBuilder server() {
    return NettyServerBuilder.forAddress(new DomainSocketAddress("passed"))
        .channelFactory(this::channel);
  }

  private ServerChannel channel() {
    EpollServerDomainSocketChannel channel = new EpollServerDomainSocketChannel(descriptor, true);
    channel.pipeline().addFirst(new AlreadyBound());
    return channel;
  }

  /** There is no server of an existing descriptor in grpc-netty: it binds what it has made. */
  private static final class AlreadyBound extends ChannelOutboundHandlerAdapter {
    @Override
    public void bind(ChannelHandlerContext context, SocketAddress address, ChannelPromise bound) {
      bound.setSuccess();
    }
  }

  @Override
  public String toString() {
    return "the socket that systemd passed";
  }

  @Override
  public void publish() {}

  @Override
  public void remove() {}

  @Override
  public void discard() {}
}
