package io.statebridge.daemon.cri;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Server;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.containers.v1.Container.Runtime;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.store.ContainerStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Whatever a CRI plugin keeps with its containers, every read of the CRI is answered. The first
 * line is the metadata of a sandbox and a container, the second their spec, the third the runtime's
 * options.
 */
final class CriRecordsFuzzTest {
  private static final Channel nobody =
      InProcessChannelBuilder.forName("nobody").directExecutor().build();

  @FuzzTest
  void anyMetadataIsTold(byte[] input) throws Exception {
    String[] lines = new String(input, UTF_8).split("\n", 3);
    String metadata = lines[0];
    String spec = lines.length > 1 ? lines[1] : "";
    String options = lines.length > 2 ? lines[2] : "";
    ContainerStore store = new ContainerStore("e1", 16);
    for (String kind : List.of("sandbox", "container", "")) {
      store.create(
          ContainerRecord.of(
              new ContainerInfo(
                  new ContainerId("k8s.io", "of-kind-" + kind),
                  "busybox",
                  "io.containerd.runc.v2",
                  kind.isEmpty() ? Map.of() : Map.of("io.cri-containerd.kind", kind),
                  "",
                  Instant.EPOCH,
                  metadata,
                  spec)));
    }
    Container described =
        Container.newBuilder()
            .setSpec(Any.newBuilder().setValue(ByteString.copyFromUtf8(spec)))
            .setRuntime(
                Runtime.newBuilder()
                    .setOptions(
                        Any.newBuilder()
                            .setTypeUrl("runtimeoptions.v1.Options")
                            .setValue(ByteString.copyFrom(options, UTF_8))))
            .build();
    OpenCalls openCalls = new OpenCalls();
    CriServices services =
        CriServices.of(
            new CriServices.Settings(
                Set.of("k8s.io"),
                false,
                nobody,
                "/run/c.sock",
                id -> CompletableFuture.completedFuture(described),
                new FakeUsage()),
            store,
            () -> new SyncStatus(SyncStatus.Phase.LIVE, Instant.EPOCH, "1.2.3", "", 0, null),
            ids -> CompletableFuture.runAsync(() -> {}, Runnable::run),
            openCalls,
            Runnable::run);
    Server server =
        InProcessServerBuilder.forName("cri")
            .directExecutor()
            .addServices(services.served())
            .build()
            .start();
    var channel =
        InProcessChannelBuilder.forName("cri")
            .directExecutor()
            .propagateCauseWithStatus(true)
            .build();
    try {
      readAll(RuntimeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS));
    } finally {
      channel.shutdownNow();
      openCalls.endAll();
      server.shutdownNow().awaitTermination();
    }
  }

  private static void readAll(RuntimeServiceBlockingStub cri) {
    read(() -> cri.listContainers(ListContainersRequest.getDefaultInstance()));
    read(() -> cri.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()));
    read(() -> cri.listPodSandboxStats(ListPodSandboxStatsRequest.getDefaultInstance()));
    for (String id : List.of("of-kind-sandbox", "of-kind-container", "of-kind-")) {
      read(
          () ->
              cri.containerStatus(
                  ContainerStatusRequest.newBuilder().setContainerId(id).setVerbose(true).build()));
      read(
          () ->
              cri.podSandboxStatus(
                  PodSandboxStatusRequest.newBuilder()
                      .setPodSandboxId(id)
                      .setVerbose(true)
                      .build()));
    }
    read(() -> cri.getContainerEvents(GetEventsRequest.getDefaultInstance()));
  }

  private static void read(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      Code code = e.getStatus().getCode();
      if (code == Code.UNKNOWN || code == Code.INTERNAL) {
        throw new AssertionError(e);
      }
    }
  }
}
