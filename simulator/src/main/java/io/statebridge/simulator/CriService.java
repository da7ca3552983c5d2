package io.statebridge.simulator;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerStatusResponse;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListContainersResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/** What containerd's CRI plugin remembers, which is what it was told to. Thread-safe. */
final class CriService extends RuntimeServiceGrpc.RuntimeServiceImplBase {

  private final Calls calls;
  private final BooleanSupplier loaded;
  private final Map<String, ContainerStatus> statuses = new ConcurrentHashMap<>();

  CriService(Calls calls, BooleanSupplier loaded) {
    this.calls = calls;
    this.loaded = loaded;
  }

  void remember(ContainerStatus status) {
    statuses.put(status.getId(), status);
  }

  @Override
  public void containerStatus(
      ContainerStatusRequest request, StreamObserver<ContainerStatusResponse> observer) {
    calls.answer("RuntimeService/ContainerStatus", observer, () -> status(request));
  }

  private ContainerStatusResponse status(ContainerStatusRequest request) {
    requireLoaded();
    String prefix = request.getContainerId();
    List<ContainerStatus> matching = beginningWith(prefix);
    return switch (matching.size()) {
      case 0 -> throw notFound(prefix);
      case 1 -> ContainerStatusResponse.newBuilder().setStatus(matching.getFirst()).build();
      default -> throw ambiguous(prefix);
    };
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> observer) {
    calls.answer("RuntimeService/ListContainers", observer, () -> list(request.getFilter()));
  }

  /** As the plugin does it: a prefix of several ids is no error here, it is nobody's. */
  private ListContainersResponse list(ContainerFilter filter) {
    requireLoaded();
    List<ContainerStatus> matching = beginningWith(filter.getId());
    String id = matching.size() == 1 ? matching.getFirst().getId() : filter.getId();
    ListContainersResponse.Builder response = ListContainersResponse.newBuilder();
    for (ContainerStatus status : matching) {
      if (filter.getId().isEmpty() || status.getId().equals(id)) {
        response.addContainers(
            Container.newBuilder().setId(status.getId()).setState(status.getState()));
      }
    }
    return response.build();
  }

  private void requireLoaded() {
    if (!loaded.getAsBoolean()) {
      throw Status.UNIMPLEMENTED
          .withDescription("unknown service runtime.v1.RuntimeService")
          .asRuntimeException();
    }
  }

  private List<ContainerStatus> beginningWith(String prefix) {
    return statuses.values().stream().filter(s -> s.getId().startsWith(prefix)).toList();
  }

  private static StatusRuntimeException ambiguous(String prefix) {
    return Status.UNKNOWN
        .withDescription(
            "an error occurred when try to find container \"%s\": Multiple IDs found with provided prefix: %s"
                .formatted(prefix, prefix))
        .asRuntimeException();
  }

  private static StatusRuntimeException notFound(String id) {
    return Status.NOT_FOUND
        .withDescription("an error occurred when try to find container \"" + id + "\": not found")
        .asRuntimeException();
  }
}
