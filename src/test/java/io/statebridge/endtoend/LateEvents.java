package io.statebridge.endtoend;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * containerd's socket by a detour on which its events take their time, as in a storm; all else goes
 * straight through.
 */
final class LateEvents extends HandlerRegistry implements AutoCloseable {
  private static final String SUBSCRIBE = "containerd.services.events.v1.Events/Subscribe";

  private final Scratch scratch = Scratch.create();
  private final Path socket = scratch.resolve("late.sock");
  private final UnixChannel containerd;
  private final Duration late;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final Server server;

  LateEvents(Path containerdSocket, Duration late) {
    this.containerd = UnixChannel.to(containerdSocket);
    this.late = late;
    this.server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .channelType(EpollServerDomainSocketChannel.class)
            .fallbackHandlerRegistry(this)
            .build();
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path socket() {
    return socket;
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public ServerMethodDefinition<byte[], byte[]> lookupMethod(
      String name, @Nullable String authority) {
    Duration delay = name.equals(SUBSCRIBE) ? late : Duration.ZERO;
    return ServerMethodDefinition.create(
        MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .setFullMethodName(name)
            .build(),
        (call, headers) -> pass(call, headers, delay));
  }

  private ServerCall.Listener<byte[]> pass(
      ServerCall<byte[], byte[]> server, Metadata headers, Duration delay) {
    ClientCall<byte[], byte[]> client =
        containerd.grpc().newCall(server.getMethodDescriptor(), CallOptions.DEFAULT);
    client.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata told) {
            later(() -> server.sendHeaders(told));
          }

          @Override
          public void onMessage(byte[] message) {
            later(() -> server.sendMessage(message));
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            later(() -> server.close(status, trailers));
          }

          private void later(Runnable step) {
            var _ =
                clock.schedule(
                    () -> {
                      if (!server.isCancelled()) {
                        step.run();
                      }
                    },
                    delay.toMillis(),
                    TimeUnit.MILLISECONDS);
          }
        },
        headers);
    client.request(Integer.MAX_VALUE);
    server.request(Integer.MAX_VALUE);
    return new ServerCall.Listener<>() {
      @Override
      public void onMessage(byte[] message) {
        client.sendMessage(message);
      }

      @Override
      public void onHalfClose() {
        client.halfClose();
      }

      @Override
      public void onCancel() {
        client.cancel("cancelled", null);
      }
    };
  }

  @Override
  public void close() {
    try (scratch;
        containerd) {
      server.shutdownNow();
      clock.shutdownNow();
      eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }
}
