package io.statebridge.daemon.containerd;

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

/**
 * The connection to containerd's socket, with the one event loop thread that serves it. Owns both.
 */
public final class ContainerdChannel implements AutoCloseable {

  /** containerd's own limit, both ways. */
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final long CLOSE_TIMEOUT_SECONDS = 2;

  private final EventLoopGroup eventLoop;
  private final ManagedChannel channel;

  private ContainerdChannel(EventLoopGroup eventLoop, ManagedChannel channel) {
    this.eventLoop = eventLoop;
    this.channel = channel;
  }

  /**
   * Returns at once; the connection is made by the first call, and made again whenever it is lost.
   */
  public static ContainerdChannel to(Path socket) {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("containerd-io", true), EpollIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .eventLoopGroup(eventLoop)
            .channelType(EpollDomainSocketChannel.class)
            // A path is no valid :authority for strict servers.
            .overrideAuthority("localhost")
            .usePlaintext()
            .directExecutor()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .intercept(new LenientUtf8())
            .build();
    return new ContainerdChannel(eventLoop, channel);
  }

  /** For calls to services of which no class here knows. */
  public ManagedChannel grpc() {
    return channel;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    eventLoop.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
