package io.statebridge.simulator;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerStatusResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
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
    if (!loaded.getAsBoolean()) {
      throw Status.UNIMPLEMENTED
          .withDescription("unknown service runtime.v1.RuntimeService")
          .asRuntimeException();
    }
    ContainerStatus status = statuses.get(request.getContainerId());
    if (status == null) {
      throw notFound(request.getContainerId());
    }
    return ContainerStatusResponse.newBuilder().setStatus(status).build();
  }

  private static StatusRuntimeException notFound(String id) {
    return Status.NOT_FOUND
        .withDescription("an error occurred when try to find container \"" + id + "\": not found")
        .asRuntimeException();
  }
}
