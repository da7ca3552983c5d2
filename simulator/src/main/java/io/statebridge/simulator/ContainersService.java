package io.statebridge.simulator;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.containers.v1.ContainersGrpc;
import io.statebridge.proto.containerd.containers.v1.CreateContainerRequest;
import io.statebridge.proto.containerd.containers.v1.CreateContainerResponse;
import io.statebridge.proto.containerd.containers.v1.DeleteContainerRequest;
import io.statebridge.proto.containerd.containers.v1.GetContainerRequest;
import io.statebridge.proto.containerd.containers.v1.GetContainerResponse;
import io.statebridge.proto.containerd.containers.v1.ListContainerMessage;
import io.statebridge.proto.containerd.containers.v1.ListContainersRequest;
import io.statebridge.proto.containerd.containers.v1.ListContainersResponse;

/** containerd's container metadata. */
final class ContainersService extends ContainersGrpc.ContainersImplBase {

  private final Calls calls;
  private final Node node;

  ContainersService(Calls calls, Node node) {
    this.calls = calls;
    this.node = node;
  }

  @Override
  public void get(GetContainerRequest request, StreamObserver<GetContainerResponse> observer) {
    calls.answer(
        "Containers/Get",
        request.getId(),
        observer,
        key ->
            GetContainerResponse.newBuilder()
                .setContainer(node.container(key).orElseThrow(() -> notFound(key)))
                .build());
  }

  @Override
  public void list(ListContainersRequest request, StreamObserver<ListContainersResponse> observer) {
    calls.answer(
        "Containers/List",
        observer,
        namespace ->
            ListContainersResponse.newBuilder()
                .addAllContainers(node.containers(namespace))
                .build());
  }

  @Override
  public void listStream(
      ListContainersRequest request, StreamObserver<ListContainerMessage> observer) {
    calls.answerAll(
        "Containers/ListStream",
        observer,
        namespace ->
            node.containers(namespace).stream()
                .map(c -> ListContainerMessage.newBuilder().setContainer(c).build())
                .toList());
  }

  @Override
  public void create(
      CreateContainerRequest request, StreamObserver<CreateContainerResponse> observer) {
    calls.answer(
        "Containers/Create",
        request.getContainer().getId(),
        observer,
        key ->
            CreateContainerResponse.newBuilder()
                .setContainer(node.createContainer(key.namespace(), request.getContainer()))
                .build());
  }

  @Override
  public void delete(DeleteContainerRequest request, StreamObserver<Empty> observer) {
    calls.answer(
        "Containers/Delete",
        request.getId(),
        observer,
        key -> {
          if (!node.deleteContainer(key)) {
            throw notFound(key);
          }
          return Empty.getDefaultInstance();
        });
  }

  static StatusRuntimeException notFound(Key key) {
    return Status.NOT_FOUND
        .withDescription(
            "container \"%s\" in namespace \"%s\": not found".formatted(key.id(), key.namespace()))
        .asRuntimeException();
  }
}
