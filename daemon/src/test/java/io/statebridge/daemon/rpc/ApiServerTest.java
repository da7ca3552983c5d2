package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.running;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.mockito.Mockito.RETURNS_SELF;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ApiServerTest {
  private final Api api;

  ApiServerTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private HealthCheckResponse checkHealth(String service) {
    return HealthGrpc.newBlockingStub(api.connect())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(service).build());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "statebridge.v1.Statebridge"})
  void healthIsServed(String service) {
    assertThat(checkHealth(service).getStatus()).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void healthOfAServiceThatIsNotOursIsNotFound() {
    assertFails(Code.NOT_FOUND, "", () -> checkHealth("containerd"));
  }

  @Test
  void reflectionOffersOurApiInBothItsVersionsAndTheCriInNone() throws Exception {
    ServerReflectionRequest list = ServerReflectionRequest.newBuilder().setListServices("").build();
    ServerReflectionRequest cri =
        ServerReflectionRequest.newBuilder()
            .setFileContainingSymbol("runtime.v1.RuntimeService")
            .build();
    ServerReflectionRequest ours =
        ServerReflectionRequest.newBuilder()
            .setFileContainingSymbol("statebridge.v1.Statebridge")
            .build();

    for (String version : List.of("v1", "v1alpha")) {
      assertThat(reflection(version, list).getListServicesResponse().getServiceList())
          .extracting(ServiceResponse::getName)
          .containsExactlyInAnyOrder(
              "statebridge.v1.Statebridge",
              "grpc.health.v1.Health",
              "grpc.reflection.v1.ServerReflection",
              "grpc.reflection.v1alpha.ServerReflection");
      assertThat(reflection(version, cri).getErrorResponse().getErrorCode())
          .isEqualTo(Code.NOT_FOUND.value());
      assertThat(
              reflection(version, ours).getFileDescriptorResponse().getFileDescriptorProtoCount())
          .isPositive();
    }
  }

  /** The messages of both versions are alike but for their package. */
  private ServerReflectionResponse reflection(String version, ServerReflectionRequest request)
      throws Exception {
    MethodDescriptor<ServerReflectionRequest, ServerReflectionResponse> method =
        ServerReflectionGrpc.getServerReflectionInfoMethod().toBuilder()
            .setFullMethodName(
                "grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo")
            .build();
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ClientCalls.asyncBidiStreamingCall(
            api.connect().newCall(method, CallOptions.DEFAULT),
            new StreamObserver<>() {
              @Override
              public void onNext(ServerReflectionResponse response) {
                answer.complete(response);
              }

              @Override
              public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {}
            });
    requests.onNext(request);
    requests.onCompleted();
    return answer.get(10, TimeUnit.SECONDS);
  }

  /** gRPC's server has no clock that a test could move, and 4 pings take 20 s to tell. */
  @Test
  void aClientMayPingEveryFiveSecondsAlsoWithoutACall() {
    NettyServerBuilder builder = mock(NettyServerBuilder.class, RETURNS_SELF);

    assertThat(ApiServer.permitPings(builder)).isSameAs(builder);

    verify(builder).permitKeepAliveTime(5, TimeUnit.SECONDS);
    verify(builder).permitKeepAliveWithoutCalls(true);
  }

  @Test
  void aRequestThatIsTooLargeIsRefusedAndTheNextOneAnswered() {
    api.store.create(running("web"));
    GetContainerRequest large = GetContainerRequest.newBuilder().setId("x".repeat(1 << 20)).build();
    GetContainerRequest small = GetContainerRequest.newBuilder().setId("web").build();

    assertFails(Code.RESOURCE_EXHAUSTED, "1048576", () -> api.call().getContainer(large));
    assertThat(api.call().getContainer(small).getContainer().getId()).isEqualTo("web");
  }

  @Test
  void goingDownEndsWhatIsOpenAndRefusesWhatIsNew() throws Exception {
    api.store.create(running("web"));
    Watcher watcher = api.watch();
    watcher.next(2);
    ListenableFuture<WaitContainerResponse> wait =
        api.callLater().waitContainer(WaitContainerRequest.newBuilder().setId("web").build());

    api.stopServing();

    assertThat(watcher.end().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(watcher.end().getDescription()).isEqualTo("statebridge is shutting down");
    ExecutionException failure =
        catchThrowableOfType(ExecutionException.class, () -> wait.get(10, TimeUnit.SECONDS));
    assertThat(Status.fromThrowable(failure).getCode()).isEqualTo(Code.UNAVAILABLE);
    assertFails(
        Code.UNAVAILABLE,
        "",
        () -> api.call().getContainer(GetContainerRequest.newBuilder().setId("web").build()));
  }
}
