package io.statebridge.endtoend;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A client's channel to a unix socket, with the one thread that serves it. Owns both. */
record UnixChannel(ManagedChannel grpc, EventLoopGroup eventLoop) implements AutoCloseable {

  static UnixChannel to(Path socket) {
    return to(socket, NettyChannelBuilder.DEFAULT_FLOW_CONTROL_WINDOW);
  }

  /**
   * @param window how many bytes it takes that nobody reads
   */
  static UnixChannel to(Path socket, int window) {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("test-client", true), EpollIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .eventLoopGroup(eventLoop)
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .overrideAuthority("localhost")
            .usePlaintext()
            .flowControlWindow(window)
            .directExecutor()
            .build();
    return new UnixChannel(channel, eventLoop);
  }

  @Override
  public void close() {
    grpc.shutdownNow();
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
