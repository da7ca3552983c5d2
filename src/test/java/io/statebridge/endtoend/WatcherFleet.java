package io.statebridge.endtoend;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Many watchers, each with a connection of its own, on one thread. */
final class WatcherFleet implements AutoCloseable {

  /** What a stalled one takes without reading it. */
  private static final int WINDOW = 64 << 10;

  private final Path socket;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("watchers", true), EpollIoHandler.newFactory());
  private final List<ManagedChannel> channels = new ArrayList<>();

  WatcherFleet(Path socket) {
    this.socket = socket;
  }

  private ManagedChannel connect() {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .eventLoopGroup(eventLoop)
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .overrideAuthority("localhost")
            .usePlaintext()
            .flowControlWindow(WINDOW)
            .directExecutor()
            .build();
    channels.add(channel);
    return channel;
  }

  List<Watcher> healthy(int count) {
    return Stream.generate(() -> new Watcher(connect(), Integer.MAX_VALUE)).limit(count).toList();
  }

  /** It reads one message and no more. */
  Watcher stalled() {
    return new Watcher(connect(), 1);
  }

  /** One watch, which checks that it misses nothing and sees nothing twice. */
  static final class Watcher extends ClientCall.Listener<WatchContainersResponse> {
    private final ClientCall<WatchContainersRequest, WatchContainersResponse> call;
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final CompletableFuture<Long> synced = new CompletableFuture<>();
    private final Queue<Duration> exits = new ConcurrentLinkedQueue<>();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final Set<String> ended = new HashSet<>();
    private volatile long revision;

    private Watcher(ManagedChannel channel, int wanted) {
      call = channel.newCall(StatebridgeGrpc.getWatchContainersMethod(), CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.request(wanted);
      call.sendMessage(WatchContainersRequest.getDefaultInstance());
      call.halfClose();
    }

    @Override
    public void onMessage(WatchContainersResponse message) {
      switch (message.getType()) {
        case ADDED, MODIFIED, DELETED -> {
          if (synced.isDone()) {
            follows(message);
          }
        }
        case SYNCED -> {
          revision = message.getRevision();
          synced.complete(revision);
        }
        case PROGRESS -> {
          if (message.getRevision() != revision) {
            faults.add("a mark of " + message.getRevision() + " at " + revision);
          }
        }
        case TYPE_UNSPECIFIED, UNRECOGNIZED -> faults.add(message.toString());
      }
    }

    private void follows(WatchContainersResponse message) {
      if (message.getRevision() != revision + 1) {
        faults.add(message.getRevision() + " after " + revision);
      }
      Container container = message.getContainer();
      if ((container.hasPendingExit() || container.hasExitCode()) && ended.add(container.getId())) {
        Instant exited =
            Records.instant(
                container.hasExitCode()
                    ? container.getFinishedAt()
                    : container.getPendingExit().getExitedAt());
        exits.add(Duration.between(exited, Instant.now()));
      }
      revision = message.getRevision();
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }

    /** The last change that it has seen, once it has seen all that there was. */
    long revision() {
      return synced.isDone() ? revision : -1;
    }

    /** How long after it happened each exit was seen first. */
    List<Duration> exits() {
      return List.copyOf(exits);
    }

    /** What was not as a watch promises. */
    List<String> faults() {
      return List.copyOf(faults);
    }

    boolean hasEnded() {
      return end.isDone();
    }

    void readOn() {
      call.request(Integer.MAX_VALUE);
    }

    Status end() {
      return end.orTimeout(10, TimeUnit.SECONDS).join();
    }
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
