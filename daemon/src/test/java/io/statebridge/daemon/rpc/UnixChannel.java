package io.statebridge.daemon.rpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A client's connection to a unix socket. */
final class UnixChannel implements AutoCloseable {
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ManagedChannel channel;

  UnixChannel(Path socket) {
    this(socket, NettyChannelBuilder.DEFAULT_FLOW_CONTROL_WINDOW);
  }

  /**
   * @param window how many bytes it takes that nobody reads
   */
  UnixChannel(Path socket, int window) {
    channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .eventLoopGroup(eventLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .flowControlWindow(window)
            .directExecutor()
            .build();
  }

  ManagedChannel grpc() {
    return channel;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
