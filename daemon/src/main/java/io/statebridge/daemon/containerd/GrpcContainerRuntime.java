package io.statebridge.daemon.containerd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.containers.v1.ContainersGrpc;
import io.statebridge.proto.containerd.containers.v1.GetContainerRequest;
import io.statebridge.proto.containerd.containers.v1.GetContainerResponse;
import io.statebridge.proto.containerd.containers.v1.ListContainerMessage;
import io.statebridge.proto.containerd.containers.v1.ListContainersRequest;
import io.statebridge.proto.containerd.events.v1.EventsGrpc;
import io.statebridge.proto.containerd.events.v1.PublishRequest;
import io.statebridge.proto.containerd.events.v1.SubscribeRequest;
import io.statebridge.proto.containerd.introspection.v1.IntrospectionGrpc;
import io.statebridge.proto.containerd.introspection.v1.PluginsRequest;
import io.statebridge.proto.containerd.introspection.v1.PluginsResponse;
import io.statebridge.proto.containerd.namespaces.v1.ListNamespacesRequest;
import io.statebridge.proto.containerd.namespaces.v1.Namespace;
import io.statebridge.proto.containerd.namespaces.v1.NamespacesGrpc;
import io.statebridge.proto.containerd.tasks.v1.DeleteTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import io.statebridge.proto.containerd.tasks.v1.ListTasksRequest;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.version.v1.VersionGrpc;
import io.statebridge.proto.containerd.version.v1.VersionResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * containerd, over its gRPC services. Every unary call has a deadline; a failure's kind follows
 * from its status code. Thread-safe; stages complete on the channel's event loop.
 */
public final class GrpcContainerRuntime implements ContainerRuntime {

  private static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);

  /** Publish wants a namespace; one of our own keeps our probes out of everybody's filters. */
  private static final String PROBE_NAMESPACE = "statebridge";

  private static final List<String> CRI_METADATA =
      List.of("io.cri-containerd.container.metadata", "io.cri-containerd.sandbox.metadata");

  private final ManagedChannel channel;
  private final Deadlines deadlines;
  private final Sandboxes sandboxes;
  private final PastRuns pastRuns;

  public GrpcContainerRuntime(ContainerdChannel channel) {
    this(channel, Deadlines.DEFAULTS);
  }

  GrpcContainerRuntime(ContainerdChannel channel, Deadlines deadlines) {
    this.channel = channel.grpc();
    this.deadlines = deadlines;
    this.sandboxes = new Sandboxes(this.channel, deadlines.read());
    this.pastRuns = new PastRuns(this.channel, deadlines.read());
  }

  /** The pods that have no container, which the other methods tell as containers. */
  Sandboxes sandboxes() {
    return sandboxes;
  }

  /**
   * How long a call may take before it is given up, and so fails with TRANSIENT.
   *
   * @param read of one thing, a shim that is slow is given 2 s by containerd; or of all tasks, for
   *     which it asks one shim after another: where five do not answer, the tasks are asked for one
   *     by one instead
   * @param list of all containers
   * @param delete of a task: the shim may need some seconds, and goes on when it is given up
   *     (containerd 7496)
   */
  record Deadlines(Duration read, Duration list, Duration delete) {
    static final Deadlines DEFAULTS =
        new Deadlines(Duration.ofSeconds(10), Duration.ofSeconds(20), Duration.ofSeconds(10));
  }

  @Override
  public EventStream subscribe(String probeTopic, EventListener listener) {
    sandboxes.connected();
    GrpcEventStream stream =
        new GrpcEventStream(new EventDecoder(probeTopic, Instant::now), listener);
    SubscribeRequest request =
        SubscribeRequest.newBuilder()
            .addFilters("topic~=\"^/(tasks|containers)/\"")
            .addFilters("topic==\"" + probeTopic + "\"")
            .build();
    EventsGrpc.newStub(channel).subscribe(request, stream);
    return stream;
  }

  @Override
  public CompletionStage<Void> publishProbe(String topic) {
    PublishRequest request =
        PublishRequest.newBuilder()
            .setTopic(topic)
            // A type that every containerd client can print.
            .setEvent(Any.newBuilder().setTypeUrl("google.protobuf.Empty"))
            .build();
    return call(
            "Events/Publish",
            in(PROBE_NAMESPACE, EventsGrpc.newFutureStub(channel), deadlines.read())
                .publish(request),
            Function.identity())
        .thenAccept(empty -> {});
  }

  @Override
  public CompletionStage<String> version() {
    // The channel's own backoff grows to minutes; ours, above, decides when to try.
    channel.resetConnectBackoff();
    return call(
        "Version/Version",
        within(deadlines.read(), VersionGrpc.newFutureStub(channel))
            .version(Empty.getDefaultInstance()),
        VersionResponse::getVersion);
  }

  @Override
  public CompletionStage<Boolean> criPluginLoaded() {
    return call(
        "Introspection/Plugins",
        within(deadlines.read(), IntrospectionGrpc.newFutureStub(channel))
            .plugins(PluginsRequest.getDefaultInstance()),
        GrpcContainerRuntime::hasCriPlugin);
  }

  private static boolean hasCriPlugin(PluginsResponse response) {
    return response.getPluginsList().stream()
        .anyMatch(
            plugin ->
                plugin.getType().equals("io.containerd.grpc.v1")
                    && plugin.getId().equals("cri")
                    && !plugin.hasInitErr());
  }

  @Override
  public CompletionStage<List<String>> namespaces() {
    return call(
        "Namespaces/List",
        within(deadlines.read(), NamespacesGrpc.newFutureStub(channel))
            .list(ListNamespacesRequest.getDefaultInstance()),
        response -> response.getNamespacesList().stream().map(Namespace::getName).toList());
  }

  @Override
  public CompletionStage<List<ContainerInfo>> listContainers(String namespace) {
    ListContainersRequest all = ListContainersRequest.getDefaultInstance();
    Collected<ListContainerMessage, ContainerInfo> listed =
        new Collected<>(
            "Containers/ListStream",
            message ->
                info(
                    new ContainerId(namespace, message.getContainer().getId()),
                    message.getContainer()));
    in(namespace, ContainersGrpc.newStub(channel), deadlines.list()).listStream(all, listed);
    return sandboxes.beside(namespace, listed.all());
  }

  @Override
  public CompletionStage<List<TaskInfo>> listTasks(String namespace) {
    return sandboxes.besideTasks(
        namespace,
        call(
            "Tasks/List",
            in(namespace, TasksGrpc.newFutureStub(channel), deadlines.read())
                .list(ListTasksRequest.getDefaultInstance()),
            response ->
                Collected.mapped(
                    "Tasks/List",
                    response.getTasksList(),
                    task -> task(new ContainerId(namespace, task.getId()), task))));
  }

  @Override
  public CompletionStage<ContainerInfo> getContainer(ContainerId id) {
    return describe(id)
        .thenApply(container -> info(id, container))
        .exceptionallyCompose(failure -> sandboxes.get(id, failure));
  }

  /** All that containerd keeps of a container. Fails like {@link #getContainer}. */
  public CompletionStage<Container> describe(ContainerId id) {
    return describe(channel, id, deadlines.read());
  }

  static CompletionStage<Container> describe(
      ManagedChannel channel, ContainerId id, Duration deadline) {
    return call(
        "Containers/Get",
        in(id.namespace(), ContainersGrpc.newFutureStub(channel), deadline)
            .get(GetContainerRequest.newBuilder().setId(id.id()).build()),
        GetContainerResponse::getContainer);
  }

  @Override
  public CompletionStage<TaskInfo> getTask(ContainerId id) {
    return call(
            "Tasks/Get",
            in(id.namespace(), TasksGrpc.newFutureStub(channel), deadlines.read())
                .get(GetRequest.newBuilder().setContainerId(id.id()).build()),
            response -> task(id, response.getProcess()))
        .exceptionallyCompose(failure -> sandboxes.task(id, failure));
  }

  @Override
  public CompletionStage<PastRun> pastRun(ContainerId id) {
    if (!id.namespace().equals(CRI_NAMESPACE)) {
      return CompletableFuture.failedStage(PastRuns.nothingRemembered(id));
    }
    if (sandboxes.knows(id)) {
      return sandboxes.pastRun(id);
    }
    return pastRuns.get(id);
  }

  @Override
  public CompletionStage<Void> deleteTask(ContainerId id) {
    return call(
            "Tasks/Delete",
            in(id.namespace(), TasksGrpc.newFutureStub(channel), deadlines.delete())
                .delete(DeleteTaskRequest.newBuilder().setContainerId(id.id()).build()),
            Function.identity())
        .thenAccept(response -> {});
  }

  private static ContainerInfo info(ContainerId id, Container container) {
    SpecParts spec = SpecParts.of(container.getSpec());
    return new ContainerInfo(
        id,
        container.getImage(),
        container.getRuntime().getName(),
        container.getLabelsMap(),
        // Before 1.7 containerd does not say it, but the spec of a CRI's container does.
        container.getSandbox().isEmpty() ? spec.sandboxId() : container.getSandbox(),
        Times.orNull(container.getCreatedAt()),
        criMetadata(container),
        spec.json());
  }

  private static String criMetadata(Container container) {
    return CRI_METADATA.stream()
        .filter(container::containsExtensions)
        .map(key -> container.getExtensionsOrThrow(key).getValue().toStringUtf8())
        .findFirst()
        .orElse("");
  }

  private static TaskInfo task(ContainerId id, Process process) {
    TaskInfo.Status status =
        switch (process.getStatus()) {
          case CREATED -> TaskInfo.Status.CREATED;
          case RUNNING -> TaskInfo.Status.RUNNING;
          case STOPPED -> TaskInfo.Status.STOPPED;
          // Pausing is a matter of milliseconds, and an event follows.
          case PAUSED, PAUSING -> TaskInfo.Status.PAUSED;
          case UNKNOWN, UNRECOGNIZED -> TaskInfo.Status.UNKNOWN;
        };
    return new TaskInfo(
        id,
        status,
        Integer.toUnsignedLong(process.getPid()),
        process.getExitStatus(),
        Times.orNull(process.getExitedAt()));
  }

  static <S extends AbstractStub<S>> S within(Duration deadline, S stub) {
    return stub.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS);
  }

  static <S extends AbstractStub<S>> S in(String namespace, S stub, Duration deadline) {
    return within(deadline, inNamespace(namespace, stub));
  }

  static <S extends AbstractStub<S>> S inNamespace(String namespace, S stub) {
    Metadata headers = new Metadata();
    headers.put(NAMESPACE, namespace);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  static <A, B> CompletionStage<B> call(
      String name, ListenableFuture<A> answer, Function<A, B> mapping) {
    CompletableFuture<B> stage = new CompletableFuture<>();
    Futures.addCallback(
        answer,
        new FutureCallback<A>() {
          @Override
          public void onSuccess(A response) {
            try {
              stage.complete(mapping.apply(response));
            } catch (RuntimeFailure e) {
              stage.completeExceptionally(e);
            } catch (RuntimeException e) {
              stage.completeExceptionally(
                  new RuntimeFailure(Kind.PERMANENT, name + ": unreadable answer: " + e, e));
            }
          }

          @Override
          public void onFailure(Throwable failure) {
            stage.completeExceptionally(RuntimeFailures.of(name, failure));
          }
        },
        MoreExecutors.directExecutor());
    return stage;
  }
}
