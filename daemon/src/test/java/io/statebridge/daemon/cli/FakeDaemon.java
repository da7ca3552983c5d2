package io.statebridge.daemon.cli;

import com.google.protobuf.MessageLite;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.GetContainerResponse;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Answers every call on a unix socket with what it was told to, and keeps the requests. */
final class FakeDaemon extends StatebridgeGrpc.StatebridgeImplBase implements AutoCloseable {
  final List<MessageLite> requests = Collections.synchronizedList(new ArrayList<>());
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Server server;
  private final Queue<Play> plays = new ConcurrentLinkedQueue<>();
  private volatile List<? extends MessageLite> answers = List.of();
  private volatile @Nullable Status end = Status.OK;

  FakeDaemon(Path socket) throws IOException {
    server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .directExecutor()
            .addService(this)
            .build()
            .start();
  }

  private record Play(Status end, List<? extends MessageLite> answers) {}

  /** What calls are answered with first, each with one of these; then with what comes next. */
  void first(Status thenEnd, MessageLite... messages) {
    plays.add(new Play(thenEnd, List.of(messages)));
  }

  /** What comes next: these answers, then the end; without an end the call stays open. */
  void answers(@Nullable Status thenEnd, MessageLite... messages) {
    answers = List.of(messages);
    end = thenEnd;
  }

  void answers(MessageLite message) {
    answers(Status.OK, message);
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<GetContainerResponse> to) {
    play(request, GetContainerResponse.class, to);
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> to) {
    play(request, ListContainersResponse.class, to);
  }

  @Override
  public void watchContainers(
      WatchContainersRequest request, StreamObserver<WatchContainersResponse> to) {
    play(request, WatchContainersResponse.class, to);
  }

  @Override
  public void waitContainer(
      WaitContainerRequest request, StreamObserver<WaitContainerResponse> to) {
    play(request, WaitContainerResponse.class, to);
  }

  @Override
  public void getBridgeStatus(
      GetBridgeStatusRequest request, StreamObserver<GetBridgeStatusResponse> to) {
    play(request, GetBridgeStatusResponse.class, to);
  }

  private <T> void play(MessageLite request, Class<T> type, StreamObserver<T> to) {
    requests.add(request);
    Play play = plays.poll();
    (play == null ? answers : play.answers()).forEach(each -> to.onNext(type.cast(each)));
    Status status = play == null ? end : play.end();
    if (status == null) {
      return;
    }
    if (status.isOk()) {
      to.onCompleted();
    } else {
      to.onError(status.asRuntimeException());
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
    eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
