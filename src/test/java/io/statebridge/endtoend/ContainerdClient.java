package io.statebridge.endtoend;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.MetadataUtils;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.containers.v1.ContainersGrpc;
import io.statebridge.proto.containerd.containers.v1.CreateContainerRequest;
import io.statebridge.proto.containerd.containers.v1.DeleteContainerRequest;
import io.statebridge.proto.containerd.containers.v1.ListContainersRequest;
import io.statebridge.proto.containerd.events.v1.EventsGrpc;
import io.statebridge.proto.containerd.events.v1.PublishRequest;
import io.statebridge.proto.containerd.namespaces.v1.ListNamespacesRequest;
import io.statebridge.proto.containerd.namespaces.v1.Namespace;
import io.statebridge.proto.containerd.namespaces.v1.NamespacesGrpc;
import io.statebridge.proto.containerd.sandbox.v1.ControllerCreateRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerGrpc;
import io.statebridge.proto.containerd.sandbox.v1.ControllerGrpc.ControllerBlockingStub;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStartRequest;
import io.statebridge.proto.containerd.sandbox.v1.Sandbox;
import io.statebridge.proto.containerd.sandbox.v1.StoreCreateRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreDeleteRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreGrpc;
import io.statebridge.proto.containerd.tasks.v1.CreateTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.DeleteTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import io.statebridge.proto.containerd.tasks.v1.KillRequest;
import io.statebridge.proto.containerd.tasks.v1.ListTasksRequest;
import io.statebridge.proto.containerd.tasks.v1.ResumeTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.StartRequest;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.version.v1.VersionGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A containerd's gRPC services, as far as tests look at it or move it past the daemon. */
record ContainerdClient(UnixChannel channel) {
  private static final int DEADLINE_SECONDS = 20;

  boolean isServing() {
    channel.grpc().resetConnectBackoff();
    try {
      return !version().isEmpty();
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  String version() {
    return within(VersionGrpc.newBlockingStub(channel.grpc()))
        .version(Empty.getDefaultInstance())
        .getVersion();
  }

  List<String> namespaces() {
    return within(NamespacesGrpc.newBlockingStub(channel.grpc()))
        .list(ListNamespacesRequest.getDefaultInstance())
        .getNamespacesList()
        .stream()
        .map(Namespace::getName)
        .toList();
  }

  List<ContainerId> containers(String namespace) {
    List<ContainerId> ids = new ArrayList<>();
    in(namespace, ContainersGrpc.newBlockingStub(channel.grpc()))
        .listStream(ListContainersRequest.getDefaultInstance())
        .forEachRemaining(
            message -> ids.add(new ContainerId(namespace, message.getContainer().getId())));
    return ids;
  }

  /** A container without a task, whose spec is as long as this. */
  void createLarge(ContainerId id, int specBytes) {
    Container container =
        Container.newBuilder()
            .setId(id.id())
            .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"))
            .setSpec(
                Any.newBuilder()
                    .setTypeUrl("types.containerd.io/opencontainers/runtime-spec/1/Spec")
                    .setValue(
                        ByteString.copyFromUtf8(
                            "{\"hostname\":\"" + "x".repeat(specBytes) + "\"}")))
            .build();
    in(id.namespace(), ContainersGrpc.newBlockingStub(channel.grpc()))
        .create(CreateContainerRequest.newBuilder().setContainer(container).build());
  }

  void deleteContainer(ContainerId id) {
    in(id.namespace(), ContainersGrpc.newBlockingStub(channel.grpc()))
        .delete(DeleteContainerRequest.newBuilder().setId(id.id()).build());
  }

  /** Empty when containerd says that there is no such task. */
  Optional<Process> task(ContainerId id) {
    try {
      return Optional.of(
          tasks(id).get(GetRequest.newBuilder().setContainerId(id.id()).build()).getProcess());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The tasks of a namespace, by id; without those whose shims do not answer in time. */
  Map<String, Process> tasks(String namespace) {
    return in(namespace, TasksGrpc.newBlockingStub(channel.grpc()))
        .list(ListTasksRequest.getDefaultInstance())
        .getTasksList()
        .stream()
        .filter(task -> task.getStatus() != io.statebridge.proto.containerd.types.Status.UNKNOWN)
        .collect(Collectors.toMap(Process::getId, Function.identity()));
  }

  /** Creates a task that is yet to be started. */
  void createTask(ContainerId id) {
    tasks(id).create(CreateTaskRequest.newBuilder().setContainerId(id.id()).build());
  }

  void startTask(ContainerId id) {
    tasks(id).start(StartRequest.newBuilder().setContainerId(id.id()).build());
  }

  void kill(ContainerId id) {
    tasks(id).kill(KillRequest.newBuilder().setContainerId(id.id()).setSignal(9).build());
  }

  void resume(ContainerId id) {
    tasks(id).resume(ResumeTaskRequest.newBuilder().setContainerId(id.id()).build());
  }

  void deleteTask(ContainerId id) {
    tasks(id).delete(DeleteTaskRequest.newBuilder().setContainerId(id.id()).build());
  }

  /** The record of a sandbox. */
  void createSandbox(ContainerId id, String sandboxer, String criMetadata) {
    in(id.namespace(), StoreGrpc.newBlockingStub(channel.grpc()))
        .create(
            StoreCreateRequest.newBuilder()
                .setSandbox(
                    Sandbox.newBuilder()
                        .setSandboxId(id.id())
                        .setRuntime(Sandbox.Runtime.newBuilder().setName("io.containerd.runc.v2"))
                        .putExtensions("metadata", json(criMetadata))
                        .setSandboxer(sandboxer))
                .build());
  }

  void startSandbox(ContainerId id, String sandboxer) {
    ControllerBlockingStub controller =
        in(id.namespace(), ControllerGrpc.newBlockingStub(channel.grpc()));
    controller.create(
        ControllerCreateRequest.newBuilder().setSandboxId(id.id()).setSandboxer(sandboxer).build());
    controller.start(
        ControllerStartRequest.newBuilder().setSandboxId(id.id()).setSandboxer(sandboxer).build());
  }

  void deleteSandbox(ContainerId id) {
    in(id.namespace(), StoreGrpc.newBlockingStub(channel.grpc()))
        .delete(StoreDeleteRequest.newBuilder().setSandboxId(id.id()).build());
  }

  private static Any json(String json) {
    return Any.newBuilder()
        .setTypeUrl("statebridge.test/json")
        .setValue(ByteString.copyFromUtf8(json))
        .build();
  }

  void publish(String namespace, String topic, Any event) {
    in(namespace, EventsGrpc.newBlockingStub(channel.grpc()))
        .publish(PublishRequest.newBuilder().setTopic(topic).setEvent(event).build());
  }

  private TasksGrpc.TasksBlockingStub tasks(ContainerId id) {
    return in(id.namespace(), TasksGrpc.newBlockingStub(channel.grpc()));
  }

  private static <S extends AbstractBlockingStub<S>> S in(String namespace, S stub) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER), namespace);
    ClientInterceptor attach = MetadataUtils.newAttachHeadersInterceptor(headers);
    return within(stub).withInterceptors(attach);
  }

  private static <S extends AbstractBlockingStub<S>> S within(S stub) {
    return stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }
}
