package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.GrpcContainerRuntime.call;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.in;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.within;

import io.grpc.ManagedChannel;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.introspection.v1.IntrospectionGrpc;
import io.statebridge.proto.containerd.introspection.v1.PluginsRequest;
import io.statebridge.proto.containerd.snapshots.v1.SnapshotsGrpc;
import io.statebridge.proto.containerd.snapshots.v1.UsageRequest;
import io.statebridge.proto.containerd.tasks.v1.MetricsRequest;
import io.statebridge.proto.containerd.tasks.v1.MetricsResponse;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What containers use, as containerd tells it: shims read their cgroups, snapshotters walk their
 * layers. Each question is about one container, so that a shim that hangs holds up nobody else's
 * answer: containerd asks shims one after another. Thread-safe; stages complete on the channel's
 * event loop.
 */
public final class GrpcContainerUsage implements ContainerUsage {

  /** As containerd gives a shim when it lists tasks. */
  private static final Duration TASK_DEADLINE = Duration.ofSeconds(2);

  private final ManagedChannel channel;
  private final Duration taskDeadline;
  private final Duration deadline;

  /** Where each snapshotter keeps its layers; it does not move while containerd has its root. */
  private final Map<String, String> directories = new ConcurrentHashMap<>();

  public GrpcContainerUsage(ContainerdChannel channel) {
    this(channel, TASK_DEADLINE, GrpcContainerRuntime.Deadlines.DEFAULTS.read());
  }

  /**
   * @param taskDeadline of what a shim is asked for
   * @param deadline of each other call
   */
  GrpcContainerUsage(ContainerdChannel channel, Duration taskDeadline, Duration deadline) {
    this.channel = channel.grpc();
    this.taskDeadline = taskDeadline;
    this.deadline = deadline;
  }

  @Override
  public CompletionStage<TaskUsage> task(ContainerId id) {
    return call(
        "Tasks/Metrics",
        in(id.namespace(), TasksGrpc.newFutureStub(channel), taskDeadline)
            .metrics(MetricsRequest.newBuilder().addFilters("id==\"" + id.id() + "\"").build()),
        response -> usage(id, response));
  }

  private static TaskUsage usage(ContainerId id, MetricsResponse response) {
    return response.getMetricsList().stream()
        .findFirst()
        .map(CgroupMetrics::usage)
        .orElseThrow(
            () ->
                new RuntimeFailure(
                    Kind.NOT_FOUND,
                    "containerd has no metrics of "
                        + id
                        + ": it has no task, or its shim does not answer"));
  }

  @Override
  public CompletionStage<LayerUsage> writableLayer(ContainerId id) {
    return GrpcContainerRuntime.describe(channel, id, deadline)
        .thenCompose(container -> writableLayer(id, container));
  }

  private CompletionStage<LayerUsage> writableLayer(ContainerId id, Container container) {
    if (container.getSnapshotKey().isEmpty()) {
      return CompletableFuture.failedStage(
          new RuntimeFailure(Kind.NOT_FOUND, id + " has no layer of its own"));
    }
    CompletionStage<String> directory = directory(container.getSnapshotter());
    return call(
            "Snapshots/Usage",
            in(id.namespace(), SnapshotsGrpc.newFutureStub(channel), deadline)
                .usage(
                    UsageRequest.newBuilder()
                        .setSnapshotter(container.getSnapshotter())
                        .setKey(container.getSnapshotKey())
                        .build()),
            usage -> new LayerUsage(Instant.now(), "", usage.getSize(), usage.getInodes()))
        .thenCombine(
            directory,
            (usage, where) -> new LayerUsage(usage.at(), where, usage.bytes(), usage.inodes()));
  }

  private CompletionStage<String> directory(String snapshotter) {
    String known = directories.get(snapshotter);
    if (known != null) {
      return CompletableFuture.completedStage(known);
    }
    return call(
        "Introspection/Plugins",
        within(deadline, IntrospectionGrpc.newFutureStub(channel))
            .plugins(PluginsRequest.getDefaultInstance()),
        response ->
            directories.computeIfAbsent(
                snapshotter, name -> ContainerdSnapshots.root(response.getPluginsList(), name)));
  }
}
