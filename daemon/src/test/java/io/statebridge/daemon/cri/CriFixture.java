package io.statebridge.daemon.cri;

import static io.statebridge.daemon.sync.SyncStatus.Phase.DISCONNECTED;
import static io.statebridge.daemon.sync.SyncStatus.Phase.LIVE;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerUsage;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.mockito.Mockito;

/** The CRI over a store that the test fills, before a containerd whose plugin the test plays. */
final class CriFixture implements AutoCloseable {
  static final Instant CREATED = Instant.parse("2026-01-02T03:04:05.000000006Z");

  final ContainerStore store =
      new ContainerStore("e1", 1024, Duration.ZERO, InstantSource.system(), System::nanoTime);

  {
    store.complete();
  }

  /** Whom a forwarded call had looked at, one entry a call; what they wait for. */
  final List<Set<ContainerId>> settled = new ArrayList<>();

  CompletableFuture<Void> settling = CompletableFuture.completedFuture(null);

  boolean inSync = true;

  /** How the connection to containerd fails; null while it does not. */
  @Nullable Status unreachable;

  private final class Transport implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      Status failure = unreachable;
      return failure == null ? next.newCall(method, options) : new FailedCall<>(failure);
    }
  }

  private static final class FailedCall<Q, A> extends ClientCall<Q, A> {
    private final Status failure;

    FailedCall(Status failure) {
      this.failure = failure;
    }

    @Override
    public void start(Listener<A> listener, Metadata headers) {
      listener.onClose(failure, new Metadata());
    }

    @Override
    public void request(int messages) {}

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {}

    @Override
    public void halfClose() {}

    @Override
    public void sendMessage(Q message) {}
  }

  private final List<Server> servers = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final ManagedChannel cri;

  /**
   * @param plugin of containerd; none: it has no CRI plugin
   */
  CriFixture(boolean forward, BindableService... plugin) {
    Channel containerd =
        ClientInterceptors.intercept(channel(serve(List.of(plugin), null)), new Transport());
    CriServices services =
        CriServices.of(
            new CriServices.Settings(
                Set.of("k8s.io", "mine"),
                forward,
                containerd,
                "/run/c.sock",
                id -> CompletableFuture.failedFuture(new IllegalStateException("not there: " + id)),
                Mockito.mock(ContainerUsage.class)),
            store,
            this::status,
            ids -> {
              settled.add(Set.copyOf(ids));
              return settling;
            },
            new OpenCalls(),
            Runnable::run);
    cri = channel(serve(List.of(), services));
  }

  private SyncStatus status() {
    return new SyncStatus(
        inSync ? LIVE : DISCONNECTED, CREATED, "1.2.3", inSync ? "" : "gone fishing", 0, null);
  }

  private String serve(List<BindableService> services, @Nullable CriServices cri) {
    String name = InProcessServerBuilder.generateName();
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
    services.forEach(builder::addService);
    if (cri != null) {
      builder.addServices(cri.served()).fallbackHandlerRegistry(cri.others());
    }
    try {
      servers.add(builder.build().start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return name;
  }

  private ManagedChannel channel(String server) {
    ManagedChannel channel = InProcessChannelBuilder.forName(server).build();
    channels.add(channel);
    return channel;
  }

  ManagedChannel channel() {
    return cri;
  }

  RuntimeServiceBlockingStub client() {
    return RuntimeServiceGrpc.newBlockingStub(cri).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  /** Ends containerd alone. */
  void stopContainerd() throws InterruptedException {
    servers.getFirst().shutdownNow().awaitTermination();
  }

  void add(String namespace, String id, Map<String, String> labels, String metadata, String spec) {
    store.create(
        ContainerRecord.of(
            new ContainerInfo(
                new ContainerId(namespace, id),
                "image:1",
                "runc",
                labels,
                "",
                CREATED,
                metadata,
                spec)));
  }

  /** As containerd's plugin makes it. */
  void addContainer(String id, String sandboxId) {
    add(
        "k8s.io",
        id,
        Map.of("io.cri-containerd.kind", "container"),
        """
        {"Version": "v1", "Metadata": {"ID": "%s", "SandboxID": "%s", "ImageRef": "sha256:1",
          "Config": {"metadata": {"name": "%s-name"}, "image": {"image": "asked:1"}}}}
        """
            .formatted(id, sandboxId, id),
        "");
  }

  void addSandbox(String id) {
    add(
        "k8s.io",
        id,
        Map.of("io.cri-containerd.kind", "sandbox"),
        """
        {"Version": "v1", "Metadata": {"ID": "%s",
          "Config": {"metadata": {"name": "%s-name", "uid": "u", "namespace": "n"}}}}
        """
            .formatted(id, id),
        "");
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    servers.forEach(Server::shutdownNow);
  }
}
