package io.statebridge.daemon.cli;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.StatebridgeGrpc.StatebridgeBlockingStub;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A connection to the daemon for one command. Confined to the command's thread. */
final class DaemonConnection implements AutoCloseable {
  private static final int ANSWER_SECONDS = 10;
  // As the daemon says it; what a lost connection is called is gRPC's.
  private static final String NOT_IN_SYNC = "not in sync with containerd";
  // A list of a hundred thousand containers has about 40 MiB.
  private static final int MAX_ANSWER_MIB = 64;
  // Held here because a logger that is collected forgets its level.
  private static final List<Logger> LIBRARY_LOGGERS =
      List.of(Logger.getLogger("io.grpc"), Logger.getLogger("io.netty"));

  private final Path socket;
  private final EventLoopGroup eventLoop;
  private final ManagedChannel channel;

  private DaemonConnection(Path socket, EventLoopGroup eventLoop, ManagedChannel channel) {
    this.socket = socket;
    this.eventLoop = eventLoop;
    this.channel = channel;
  }

  /**
   * Fails at once if nothing can be reached at the path; the connect itself is part of the first
   * call.
   */
  static DaemonConnection open(Path socket) {
    new DaemonSocket(socket).check();
    // What goes wrong is told once, by the command. (And logback takes longer to start than a
    // call.)
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    LIBRARY_LOGGERS.forEach(logger -> logger.setLevel(Level.OFF));
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("daemon-connection", true), EpollIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .eventLoopGroup(eventLoop)
            .overrideAuthority("localhost")
            .maxInboundMessageSize(MAX_ANSWER_MIB * 1024 * 1024)
            .directExecutor()
            .usePlaintext()
            .build();
    return new DaemonConnection(socket, eventLoop, channel);
  }

  /** One call that the daemon answers from memory, so that it is given 10 s. */
  <T> T ask(Function<StatebridgeBlockingStub, T> call) {
    try {
      return answer(call);
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /** Likewise; its failure is to go through {@link #failure}. */
  <T> T answer(Function<StatebridgeBlockingStub, T> call) {
    return call.apply(stub().withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS));
  }

  /** For calls that last; their failures are to go through {@link #failure}. */
  StatebridgeBlockingStub stub() {
    return StatebridgeGrpc.newBlockingStub(channel);
  }

  /** The failed call as a line for the user. */
  CommandFailure failure(StatusRuntimeException e) {
    Status status = e.getStatus();
    String said = status.getDescription() == null ? "" : status.getDescription();
    return switch (status.getCode()) {
      case NOT_FOUND -> new CommandFailure(ExitStatus.NO_SUCH_CONTAINER, said);
      // The id or the filter is at fault: what the user typed.
      case INVALID_ARGUMENT -> new CommandFailure(ExitStatus.USAGE, said);
      case UNAVAILABLE -> CommandFailure.failed(unavailable(said, status.getCause()));
      case DEADLINE_EXCEEDED ->
          CommandFailure.failed(
              "the daemon at "
                  + socket
                  + " did not answer within "
                  + ANSWER_SECONDS
                  + " s: see its log, and restart it if it hangs");
      case UNIMPLEMENTED ->
          CommandFailure.failed(
              socket
                  + " does not speak statebridge.v1: name the daemon's socket with --socket, or"
                  + " update the daemon");
      case RESOURCE_EXHAUSTED ->
          CommandFailure.failed(
              "the call passes a limit: "
                  + said
                  + " (for an answer that is too large: ask for fewer containers, or use"
                  + " 'statebridge watch')");
      case OK,
          CANCELLED,
          UNKNOWN,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          INTERNAL,
          DATA_LOSS,
          UNAUTHENTICATED ->
          CommandFailure.failed(
              "the daemon at "
                  + socket
                  + " failed the call with "
                  + status.getCode()
                  + (said.isEmpty() ? "" : " (" + said + ")")
                  + ": see its log");
    };
  }

  private String unavailable(String said, @Nullable Throwable cause) {
    if (said.contains(NOT_IN_SYNC)) {
      return said;
    }
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof ConnectException) {
        return "nothing listens at "
            + socket
            + " any more: start the daemon with 'statebridge run', or name its socket with"
            + " --socket";
      }
    }
    return "the daemon at " + socket + " is going down or went away: try again once it is back";
  }

  @Override
  public void close() {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }
}
