package io.statebridge.daemon.shim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.shim.WaitRequest;
import io.statebridge.proto.containerd.shim.WaitResponse;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Waits at the shims themselves: their answers come within milliseconds, in a storm as well as
 * while containerd is down. One connection for each shim, which all containers of a pod may share,
 * open as long as somebody waits there. Thread-safe; stages complete on the event loop.
 */
public final class ShimExitWaiter implements ExitWaiter, AutoCloseable {

  /** To connect, and for State: a shim that does not answer at once has a problem of its own. */
  static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);

  private static final long CLOSE_TIMEOUT_SECONDS = 2;

  private final Duration answerTimeout;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("shim-io", true), EpollIoHandler.newFactory());

  /** Its queue holds no more than one short read for each live container. */
  private final ExecutorService files =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("shim-files").daemon().factory());

  // Event loop only.
  private final Map<String, Shim> shims = new HashMap<>();

  public ShimExitWaiter() {
    this(ANSWER_TIMEOUT);
  }

  ShimExitWaiter(Duration answerTimeout) {
    this.answerTimeout = answerTimeout;
  }

  @Override
  public ExitSource source() {
    return ExitSource.SHIM;
  }

  @Override
  public Wait open(ContainerId id, long pid, String bundle) {
    OpenWait wait = new OpenWait(id, pid);
    if (bundle.isEmpty()) {
      wait.fail(Kind.TRANSIENT, "the bundle of " + id + " is not known");
      return wait;
    }
    try {
      Path path = Path.of(bundle);
      files.execute(() -> wait.find(path));
    } catch (InvalidPathException e) {
      wait.fail(Kind.PERMANENT, "the bundle of " + id + " is no path: " + e.getMessage());
    } catch (RejectedExecutionException e) {
      wait.fail(Kind.TRANSIENT, "waiting at shims has ended");
    }
    return wait;
  }

  /** How many shims are connected to. */
  int connections() {
    return eventLoop.submit(shims::size).syncUninterruptibly().getNow();
  }

  @Override
  public void close() {
    files.shutdownNow();
    eventLoop.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** A connection and those who use it. Event loop only. */
  private final class Shim {
    final ShimAddress address;
    final CompletableFuture<ShimConnection> connected = new CompletableFuture<>();
    final Channel channel;
    int users;

    /** Which of the address's services it has, as far as it is known. */
    private int service;

    Shim(ShimAddress address) {
      this.address = address;
      Bootstrap bootstrap =
          new Bootstrap()
              .group(eventLoop)
              .channel(EpollDomainSocketChannel.class)
              .option(
                  ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(answerTimeout.toMillis()))
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel fresh) {
                      ShimConnection connection = new ShimConnection(fresh, address);
                      connection.addTo(fresh.pipeline());
                      fresh.attr(CONNECTION).set(connection);
                    }
                  });
      var connecting = bootstrap.connect(new DomainSocketAddress(address.socket()));
      channel = connecting.channel();
      connecting.addListener(
          done -> {
            if (done.isSuccess()) {
              connected.complete(channel.attr(CONNECTION).get());
            } else {
              connected.completeExceptionally(
                  new RuntimeFailure(
                      Kind.TRANSIENT,
                      "no shim answers at " + address.name() + ": " + done.cause(),
                      done.cause()));
            }
          });
      // Whoever comes next must not find a connection that is lost.
      channel.closeFuture().addListener(closed -> shims.remove(address.socket(), this));
    }

    String service() {
      return address.services().get(service);
    }

    /** It does not have this service; whether there is another one to be tried. */
    boolean lacks(String asked) {
      if (asked.equals(service()) && service < address.services().size() - 1) {
        service++;
      }
      return !asked.equals(service());
    }

    void release() {
      users--;
      if (users == 0) {
        shims.remove(address.socket(), this);
        channel.close();
      }
    }
  }

  private static final io.netty.util.AttributeKey<ShimConnection> CONNECTION =
      io.netty.util.AttributeKey.valueOf(ShimExitWaiter.class, "connection");

  private final class OpenWait implements Wait {
    private final ContainerId id;
    private final long pid;
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();

    OpenWait(ContainerId id, long pid) {
      this.id = id;
      this.pid = pid;
    }

    void fail(Kind kind, String message) {
      exit.completeExceptionally(new RuntimeFailure(kind, message));
    }

    void find(Path bundle) {
      try {
        ShimAddress address = ShimAddress.of(bundle);
        eventLoop.execute(() -> ask(address));
      } catch (RuntimeFailure e) {
        exit.completeExceptionally(e);
      } catch (RejectedExecutionException e) {
        fail(Kind.TRANSIENT, "waiting at shims has ended");
      } catch (RuntimeException e) {
        // Whatever else is wrong with the files: whoever waits must learn of it.
        fail(Kind.TRANSIENT, "cannot read where the shim of " + id + " listens: " + e);
      }
    }

    private void ask(ShimAddress address) {
      if (exit.isDone()) {
        return;
      }
      Shim shim = shims.computeIfAbsent(address.socket(), socket -> new Shim(address));
      shim.users++;
      exit.whenComplete((done, failure) -> onLoop(shim::release));
      shim.connected
          .thenCompose(connection -> askState(shim, connection))
          .whenComplete(this::answered);
    }

    private CompletionStage<ByteString> askState(Shim shim, ShimConnection connection) {
      String service = shim.service();
      return withinTimeout(connection.call(service, "State", state()))
          .thenCompose(
              answer -> {
                checkRun(answer);
                return giveUpWithExit(connection.call(service, "Wait", waitRequest()));
              })
          .exceptionallyCompose(
              failure ->
                  cause(failure) instanceof RuntimeFailure f
                          && f.kind() == Kind.PERMANENT
                          && shim.lacks(service)
                      ? askState(shim, connection)
                      : CompletableFuture.failedStage(failure));
    }

    private static Throwable cause(Throwable failure) {
      return failure instanceof CompletionException && failure.getCause() != null
          ? failure.getCause()
          : failure;
    }

    private CompletableFuture<ByteString> withinTimeout(CompletableFuture<ByteString> call) {
      var timer =
          eventLoop.schedule(
              () ->
                  call.completeExceptionally(
                      new RuntimeFailure(
                          Kind.TRANSIENT, "the shim of " + id + " does not answer State")),
              answerTimeout.toMillis(),
              TimeUnit.MILLISECONDS);
      call.whenComplete((done, failure) -> timer.cancel(false));
      return call;
    }

    private CompletableFuture<ByteString> giveUpWithExit(CompletableFuture<ByteString> call) {
      exit.whenComplete((done, failure) -> call.cancel(false));
      return call;
    }

    private ByteString state() {
      return StateRequest.newBuilder().setId(id.id()).build().toByteString();
    }

    private ByteString waitRequest() {
      return WaitRequest.newBuilder().setId(id.id()).build().toByteString();
    }

    /** The container may have been started anew, under the same id and in the same bundle. */
    private void checkRun(ByteString answer) {
      long now = Integer.toUnsignedLong(parse(StateResponse.parser(), answer).getPid());
      if (pid > 0 && now != 0 && now != pid) {
        throw new RuntimeFailure(
            Kind.NOT_FOUND, "the task of " + id + " has process " + now + " and not " + pid);
      }
    }

    private void answered(ByteString answer, Throwable failure) {
      if (failure != null) {
        Throwable cause = cause(failure);
        exit.completeExceptionally(
            cause instanceof RuntimeFailure
                ? cause
                : new RuntimeFailure(Kind.TRANSIENT, "the shim of " + id + ": " + cause, cause));
        return;
      }
      try {
        exit.complete(exitOf(parse(WaitResponse.parser(), answer)));
      } catch (RuntimeFailure e) {
        exit.completeExceptionally(e);
      }
    }

    private Exit exitOf(WaitResponse response) {
      Timestamp at = response.getExitedAt();
      if (at.getSeconds() <= 0) {
        throw new RuntimeFailure(
            Kind.TRANSIENT, "the shim of " + id + " tells an exit without a time");
      }
      Instant exitedAt;
      try {
        exitedAt = Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
      } catch (DateTimeException e) {
        throw new RuntimeFailure(
            Kind.TRANSIENT, "the shim of " + id + " reports an exit in no year that there is", e);
      }
      return new Exit(response.getExitStatus(), exitedAt, ExitSource.SHIM);
    }

    private <T> T parse(com.google.protobuf.Parser<T> parser, ByteString bytes) {
      try {
        return parser.parseFrom(bytes);
      } catch (InvalidProtocolBufferException e) {
        throw new RuntimeFailure(
            Kind.TRANSIENT, "the shim of " + id + " answers what cannot be read", e);
      }
    }

    @Override
    public CompletionStage<Exit> exit() {
      return exit;
    }

    @Override
    public void close() {
      exit.cancel(false);
    }
  }

  private void onLoop(Runnable task) {
    try {
      eventLoop.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed, and all connections with it.
    }
  }
}
