package io.statebridge.daemon.containerd;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.daemon.RawBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A containerd that answers calls of any method with one message of any bytes. */
public final class RawContainerd extends HandlerRegistry
    implements ServerCallHandler<byte[], byte[]> {

  private final Path socket;
  private volatile Function<String, byte @Nullable []> answers = method -> null;

  /** Serves until the process ends. */
  public RawContainerd() {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("raw-containerd", true), EpollIoHandler.newFactory());
    try {
      Path directory = Files.createTempDirectory("raw");
      socket = directory.resolve("c.sock");
      NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
          .channelType(EpollServerDomainSocketChannel.class)
          .bossEventLoopGroup(eventLoop)
          .workerEventLoopGroup(eventLoop)
          .directExecutor()
          .fallbackHandlerRegistry(this)
          .build()
          .start();
      socket.toFile().deleteOnExit();
      directory.toFile().deleteOnExit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path socket() {
    return socket;
  }

  /**
   * @param answers by the method's full name; null: there is no such method
   */
  public void answerWith(Function<String, byte @Nullable []> answers) {
    this.answers = answers;
  }

  @Override
  public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
    return ServerMethodDefinition.create(
        MethodDescriptor.newBuilder(RawBytes.MARSHALLER, RawBytes.MARSHALLER)
            .setType(MethodType.BIDI_STREAMING)
            .setFullMethodName(name)
            .build(),
        this);
  }

  @Override
  public ServerCall.Listener<byte[]> startCall(ServerCall<byte[], byte[]> call, Metadata headers) {
    call.request(2);
    return new ServerCall.Listener<>() {
      @Override
      public void onHalfClose() {
        byte[] answer = answers.apply(call.getMethodDescriptor().getFullMethodName());
        if (answer == null) {
          call.close(Status.UNIMPLEMENTED, new Metadata());
          return;
        }
        call.sendHeaders(new Metadata());
        call.sendMessage(answer);
        call.close(Status.OK, new Metadata());
      }
    };
  }
}
