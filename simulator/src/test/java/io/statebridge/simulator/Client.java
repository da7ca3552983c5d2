package io.statebridge.simulator;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.statebridge.proto.containerd.containers.v1.ContainersGrpc;
import io.statebridge.proto.containerd.events.v1.EventsGrpc;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;
import io.statebridge.proto.containerd.namespaces.v1.NamespacesGrpc;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import io.statebridge.proto.containerd.version.v1.VersionGrpc;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A client of containerd's services. */
final class Client implements AutoCloseable {
  private static final long DEADLINE_SECONDS = 10;

  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ManagedChannel channel;

  Client(Path socket) {
    channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .eventLoopGroup(eventLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .directExecutor()
            .build();
  }

  VersionGrpc.VersionBlockingStub version() {
    return within(VersionGrpc.newBlockingStub(channel));
  }

  NamespacesGrpc.NamespacesBlockingStub namespaces() {
    return within(NamespacesGrpc.newBlockingStub(channel));
  }

  /** Calls of an empty namespace carry no header. */
  TasksGrpc.TasksBlockingStub tasks(String namespace) {
    return in(namespace, within(TasksGrpc.newBlockingStub(channel)));
  }

  TasksGrpc.TasksFutureStub tasksLater(String namespace) {
    return in(namespace, within(TasksGrpc.newFutureStub(channel)));
  }

  ContainersGrpc.ContainersBlockingStub containers(String namespace) {
    return in(namespace, within(ContainersGrpc.newBlockingStub(channel)));
  }

  EventsGrpc.EventsBlockingStub events(String namespace) {
    return in(namespace, within(EventsGrpc.newBlockingStub(channel)));
  }

  Subscription subscribe(String... filters) {
    Subscription subscription = new Subscription();
    EventsGrpc.newStub(channel)
        .subscribe(
            SubscribeRequest.newBuilder().addAllFilters(List.of(filters)).build(), subscription);
    return subscription;
  }

  private static <S extends AbstractStub<S>> S within(S stub) {
    return stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).withWaitForReady();
  }

  private static <S extends AbstractStub<S>> S in(String namespace, S stub) {
    if (namespace.isEmpty()) {
      return stub;
    }
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER), namespace);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
