package io.statebridge.simulator;

import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.sandbox.v1.ControllerGrpc;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitResponse;
import io.statebridge.proto.containerd.sandbox.v1.StoreGetRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreGetResponse;
import io.statebridge.proto.containerd.sandbox.v1.StoreGrpc;
import io.statebridge.proto.containerd.sandbox.v1.StoreListRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreListResponse;
import java.util.List;

/** containerd's sandbox services. */
final class SandboxServices {

  private SandboxServices() {}

  static List<BindableService> of(Calls calls, Sandboxes sandboxes) {
    return List.of(new Store(calls, sandboxes), new Controller(calls, sandboxes));
  }

  private static final class Store extends StoreGrpc.StoreImplBase {
    private final Calls calls;
    private final Sandboxes sandboxes;

    Store(Calls calls, Sandboxes sandboxes) {
      this.calls = calls;
      this.sandboxes = sandboxes;
    }

    @Override
    public void list(StoreListRequest request, StreamObserver<StoreListResponse> observer) {
      calls.answer(
          "Store/List",
          observer,
          namespace -> {
            requireServed(sandboxes);
            return StoreListResponse.newBuilder().addAllList(sandboxes.records(namespace)).build();
          });
    }

    @Override
    public void get(StoreGetRequest request, StreamObserver<StoreGetResponse> observer) {
      calls.answer(
          "Store/Get",
          request.getSandboxId(),
          observer,
          key -> {
            requireServed(sandboxes);
            return StoreGetResponse.newBuilder()
                .setSandbox(sandboxes.record(key).orElseThrow(() -> notFound(key)))
                .build();
          });
    }
  }

  private static final class Controller extends ControllerGrpc.ControllerImplBase {
    private final Calls calls;
    private final Sandboxes sandboxes;

    Controller(Calls calls, Sandboxes sandboxes) {
      this.calls = calls;
      this.sandboxes = sandboxes;
    }

    @Override
    public void status(
        ControllerStatusRequest request, StreamObserver<ControllerStatusResponse> observer) {
      calls.answer(
          "Controller/Status",
          request.getSandboxId(),
          observer,
          key -> {
            requireServed(sandboxes);
            return sandboxes.status(key).toBuilder().setSandboxId(key.id()).build();
          });
    }

    @Override
    public void wait(
        ControllerWaitRequest request, StreamObserver<ControllerWaitResponse> observer) {
      ServerCallStreamObserver<ControllerWaitResponse> stream =
          (ServerCallStreamObserver<ControllerWaitResponse>) observer;
      stream.setOnCancelHandler(() -> sandboxes.giveUp(stream));
      calls.about(
          "Controller/Wait",
          request.getSandboxId(),
          stream,
          key -> {
            try {
              requireServed(sandboxes);
            } catch (StatusRuntimeException e) {
              stream.onError(e);
              return;
            }
            if (!sandboxes.whenEnded(key, stream)) {
              stream.onError(notFound(key));
            }
          });
    }
  }

  private static void requireServed(Sandboxes sandboxes) {
    if (!sandboxes.served()) {
      throw Status.UNIMPLEMENTED.withDescription("unknown service").asRuntimeException();
    }
  }

  private static StatusRuntimeException notFound(Key key) {
    return Status.NOT_FOUND
        .withDescription("sandbox \"" + key.id() + "\" not found: not found")
        .asRuntimeException();
  }
}
