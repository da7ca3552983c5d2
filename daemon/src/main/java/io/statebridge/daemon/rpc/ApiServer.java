package io.statebridge.daemon.rpc;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.daemon.clients.ClientBounds;
import io.statebridge.daemon.cri.CriServices;
import io.statebridge.daemon.stream.EarlyHeaders;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.store.Checkpoint;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** Serves the API, grpc.health.v1 and server reflection on a unix socket. Owns its threads. */
public final class ApiServer implements AutoCloseable {

  /** Requests are small; this bounds what a client can make us hold. */
  private static final int MAX_REQUEST_BYTES = 1 << 20;

  /** Where calls are passed through to containerd: its own limit. */
  private static final int MAX_FORWARDED_BYTES = 16 << 20;

  /** A name of the health service: whether answers are complete. It is served before they are. */
  static final String READY = StatebridgeGrpc.SERVICE_NAME + "/ready";

  /**
   * As etcd allows. gRPC's own 5 minutes, and 2 hours without a call, end the watch of any client
   * that checks its connection more often. A ping costs next to nothing.
   */
  private static final long SHORTEST_KEEPALIVE_SECONDS = 5;

  private static final long CLOSE_TIMEOUT_SECONDS = 2;

  private final Listener listener;
  private final Server server;
  private final HealthStatusManager health;
  private final OpenCalls openCalls;
  private final EventLoopGroup eventLoop;
  private final ExecutorService calls;
  private final ScheduledExecutorService timer;

  private ApiServer(
      Listener listener,
      Server server,
      HealthStatusManager health,
      OpenCalls openCalls,
      EventLoopGroup eventLoop,
      ExecutorService calls,
      ScheduledExecutorService timer) {
    this.listener = listener;
    this.server = server;
    this.health = health;
    this.openCalls = openCalls;
    this.eventLoop = eventLoop;
    this.calls = calls;
    this.timer = timer;
  }

  /**
   * Starts to serve.
   *
   * @param version our own
   * @param runtimeAddress of containerd, for people
   * @param criServices makes what is served beside our own API
   */
  public static ApiServer start(
      Listener listener,
      ClientBounds bounds,
      ContainerStore store,
      Sync sync,
      Checkpoint checkpoint,
      String version,
      String runtimeAddress,
      BiFunction<OpenCalls, Executor, CriServices> criServices)
      throws IOException {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("api-io", true), EpollIoHandler.newFactory());
    ExecutorService calls =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("api-call-", 0).factory());
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("api-timer").daemon().factory());
    OpenCalls openCalls = new OpenCalls();
    CriServices cri = criServices.apply(openCalls, calls);
    HealthStatusManager health = new HealthStatusManager();
    BridgeStatus status =
        new BridgeStatus(
            store, sync, checkpoint, version, runtimeAddress, Instant.now(), openCalls);
    Server server =
        bounds
            .on(
                permitPings(listener.server())
                    .intercept(new EarlyHeaders())
                    .intercept(new ShortStatuses()))
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .executor(untilClosed(calls))
            .maxInboundMessageSize(cri.forwards() ? MAX_FORWARDED_BYTES : MAX_REQUEST_BYTES)
            .addServices(
                guarded(
                    new StatebridgeService(store, status, sync::status, openCalls, calls, timer),
                    health.getHealthService(),
                    ProtoReflectionServiceV1.newInstance(),
                    olderReflection()))
            .fallbackHandlerRegistry(
                new UnlistedServices(
                    cri.served().stream().map(MalformedRequests::refusedBy).toList(), cri.others()))
            .build();
    ApiServer api = new ApiServer(listener, server, health, openCalls, eventLoop, calls, timer);
    try {
      server.start();
      listener.publish();
    } catch (IOException e) {
      listener.discard();
      api.shutDown();
      throw e instanceof ListenException
          ? e
          : new ListenException("cannot listen on " + listener + ": " + e.getMessage(), e);
    }
    health.setStatus("", ServingStatus.SERVING);
    health.setStatus(StatebridgeGrpc.SERVICE_NAME, ServingStatus.SERVING);
    health.setStatus(READY, ServingStatus.NOT_SERVING);
    store.whenComplete(() -> health.setStatus(READY, ServingStatus.SERVING));
    return api;
  }

  static NettyServerBuilder permitPings(NettyServerBuilder server) {
    return server
        .permitKeepAliveTime(SHORTEST_KEEPALIVE_SECONDS, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true);
  }

  /** v1alpha: grpcurl before 1.8.8 and other older clients ask for nothing else. */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  private static List<ServerServiceDefinition> guarded(BindableService... services) {
    return Stream.of(services)
        .map(service -> MalformedRequests.refusedBy(service.bindService()))
        .toList();
  }

  /**
   * A client may go just as we do, and the end of its calls is then told after the calls' threads
   * are gone: nobody waits for that any more.
   */
  private static Executor untilClosed(ExecutorService calls) {
    return task -> {
      try {
        calls.execute(task);
      } catch (RejectedExecutionException e) {
        if (!calls.isShutdown()) {
          throw e;
        }
      }
    };
  }

  /**
   * Ends open calls with UNAVAILABLE, gives the others a moment, and takes away a socket of our
   * own.
   */
  @Override
  public void close() {
    shutDown();
    listener.remove();
  }

  private void shutDown() {
    health.enterTerminalState();
    server.shutdown();
    openCalls.endAll();
    try {
      if (!server.awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    timer.shutdownNow();
    calls.shutdownNow();
    eventLoop.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
