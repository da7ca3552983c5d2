package io.statebridge.daemon.rpc;

import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerUsage;
import io.statebridge.daemon.clients.ClientBounds;
import io.statebridge.daemon.clients.ClientLimits;
import io.statebridge.daemon.cri.CriServices;
import io.statebridge.daemon.sync.DeletePolicy;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.daemon.sync.Durability;
import io.statebridge.daemon.sync.NodeProcesses;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.daemon.sync.SyncLoop;
import io.statebridge.daemon.sync.SyncSettings;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.store.Checkpoint;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The API, served over a store that only the test writes, and clients of it. */
final class Api implements AutoCloseable {
  static final Instant SINCE = Instant.parse("2026-01-02T03:04:05Z");
  static final String EPOCH = "e1";
  static final String VERSION = "1.2.3";
  static final String RUNTIME_ADDRESS = "/run/c.sock";

  private static final Duration RETENTION = Duration.ofHours(1);

  final ContainerStore store;
  private final Path socket;
  private final ApiServer server;
  private boolean serving = true;
  private final List<UnixChannel> channels = new ArrayList<>();

  private Api(Path socket, int logCapacity, ClientLimits limits, boolean complete)
      throws IOException {
    this.socket = socket;
    store =
        new ContainerStore(EPOCH, logCapacity, RETENTION, InstantSource.system(), System::nanoTime);
    if (complete) {
      store.complete();
    }
    server = serve(ListenSocket.claim(socket), store, limits);
  }

  static Api in(Path directory) throws IOException {
    return in(directory, 1000);
  }

  static Api in(Path directory, int logCapacity) throws IOException {
    return new Api(directory.resolve("s.sock"), logCapacity, ofHeap(), true);
  }

  static Api in(Path directory, ClientLimits limits) throws IOException {
    return new Api(directory.resolve("s.sock"), 1000, limits, true);
  }

  /** Of a daemon that began without a checkpoint and was not in sync yet. */
  static Api incompleteIn(Path directory) throws IOException {
    return new Api(directory.resolve("s.sock"), 1000, ofHeap(), false);
  }

  private static ClientLimits ofHeap() {
    return ClientLimits.ofHeap(Runtime.getRuntime().maxMemory());
  }

  /** A server by itself, over a sync that was never started. */
  static ApiServer serve(Path socket, ContainerStore store) throws IOException {
    return serve(ListenSocket.claim(socket), store);
  }

  static ApiServer serve(Listener listener, ContainerStore store) throws IOException {
    return serve(listener, store, ofHeap());
  }

  private static ApiServer serve(Listener listener, ContainerStore store, ClientLimits limits)
      throws IOException {
    return serve(
        listener,
        store,
        limits,
        new CriServices.Settings(
            Set.of("k8s.io"),
            false,
            mock(Channel.class),
            RUNTIME_ADDRESS,
            id -> CompletableFuture.failedStage(new AssertionError("nobody asks")),
            mock(ContainerUsage.class)));
  }

  static ApiServer serve(Listener listener, ContainerStore store, CriServices.Settings cri)
      throws IOException {
    return serve(listener, store, ofHeap(), cri);
  }

  private static ApiServer serve(
      Listener listener, ContainerStore store, ClientLimits limits, CriServices.Settings cri)
      throws IOException {
    SyncLoop loop = mock(SyncLoop.class);
    when(loop.now()).thenReturn(SINCE);
    Sync sync =
        new Sync(
            loop,
            store,
            mock(ContainerRuntime.class),
            List.of(),
            Durability.NONE,
            new DeletePolicy(Setting.AUTO, Map.of("k8s.io", Setting.ALWAYS)),
            SyncSettings.DEFAULTS,
            new Random(1),
            mock(NodeProcesses.class));
    return ApiServer.start(
        listener,
        new ClientBounds(limits),
        store,
        sync,
        Checkpoint.disabled(),
        VERSION,
        RUNTIME_ADDRESS,
        (openCalls, executor) ->
            CriServices.of(cri, store, sync::status, sync::settle, openCalls, executor));
  }

  /** A connection of its own. */
  ManagedChannel connect() {
    return keep(new UnixChannel(socket));
  }

  /** Likewise, which takes so many bytes that nobody reads, and no more. */
  ManagedChannel connect(int window) {
    return keep(new UnixChannel(socket, window));
  }

  private ManagedChannel keep(UnixChannel channel) {
    channels.add(channel);
    return channel.grpc();
  }

  private ManagedChannel channel() {
    return channels.isEmpty() ? connect() : channels.getFirst().grpc();
  }

  StatebridgeGrpc.StatebridgeBlockingStub call() {
    return StatebridgeGrpc.newBlockingStub(channel()).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  /** A call without a deadline. */
  StatebridgeGrpc.StatebridgeFutureStub callLater() {
    return StatebridgeGrpc.newFutureStub(channel());
  }

  Watcher watch(WatchContainersRequest request) {
    return Watcher.open(channel(), request);
  }

  Watcher watch() {
    return watch(WatchContainersRequest.getDefaultInstance());
  }

  void stopServing() {
    if (serving) {
      serving = false;
      server.close();
    }
  }

  @Override
  public void close() {
    stopServing();
    channels.forEach(UnixChannel::close);
  }
}
