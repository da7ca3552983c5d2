package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.running;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.ADDED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.SYNCED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.VersionRequest;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that began without a checkpoint, until it is in sync for the first time. */
final class IncompleteStoreTest {
  private final Api api;

  IncompleteStoreTest(@TempDir Path directory) throws IOException {
    api = Api.incompleteIn(directory);
    api.store.create(running("web"));
    // Its task may run; it was not read yet.
    api.store.create(created("db"));
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private Container get(String id) {
    return api.call()
        .getContainer(GetContainerRequest.newBuilder().setId(id).build())
        .getContainer();
  }

  private ListContainersResponse list() {
    return api.call()
        .listContainers(io.statebridge.proto.v1.ListContainersRequest.newBuilder().build());
  }

  private RuntimeServiceBlockingStub cri() {
    return RuntimeServiceGrpc.newBlockingStub(api.connect())
        .withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  @Test
  void aListSaysThatItMayLackSomeAndLeavesOutWhatWasNotInspected() {
    assertThat(list().getSync().getIncomplete()).isTrue();
    assertThat(list().getContainersList()).extracting(Container::getId).containsExactly("web");

    api.store.complete();

    assertThat(list().getSync().getIncomplete()).isFalse();
    assertThat(list().getContainersList())
        .extracting(Container::getId)
        .containsExactly("db", "web");
  }

  @Test
  void whatIsNotKnownYetIsNotSaidToBeMissing() {
    assertThat(get("web").getPid()).isPositive();
    assertFails(Code.UNAVAILABLE, "container 'db' is not known yet", () -> get("db"));
    assertFails(Code.UNAVAILABLE, "not in sync with containerd (DISCONNECTED)", () -> get("no"));
    assertFails(
        Code.UNAVAILABLE,
        "try again",
        () -> api.call().waitContainer(WaitContainerRequest.newBuilder().setId("no").build()));

    api.store.complete();

    assertThat(get("db").getId()).isEqualTo("db");
    assertFails(Code.NOT_FOUND, "no container 'no'", () -> get("no"));
  }

  @Test
  void aReadCanRequireTheDaemonToBeInSync() {
    api.store.complete();

    assertFails(
        Code.UNAVAILABLE,
        "the request requires it, and statebridge is not in sync with containerd (DISCONNECTED)",
        () ->
            api.call()
                .getContainer(
                    GetContainerRequest.newBuilder().setId("web").setRequireSync(true).build()));
    assertFails(
        Code.UNAVAILABLE,
        "the request requires it",
        () ->
            api.call()
                .listContainers(
                    io.statebridge.proto.v1.ListContainersRequest.newBuilder()
                        .setRequireSync(true)
                        .build()));
  }

  @Test
  void aWatchBeginsWhenTheStoreIsComplete() throws Exception {
    Watcher watcher = api.watch();
    await().until(() -> watchers() == 1);
    api.store.update(id("db"), Samples::running);

    api.store.complete();

    List<WatchContainersResponse> told = watcher.next(3);
    assertThat(told)
        .extracting(WatchContainersResponse::getType)
        .containsExactly(ADDED, ADDED, SYNCED);
    assertThat(told.getFirst().getContainer().getPid()).isPositive();
    api.store.delete(id("db"));
    assertThat(watcher.next().getRevision()).isEqualTo(4);
  }

  @Test
  void aWatcherThatLeavesBeforeIsForgotten() throws Exception {
    Watcher watcher = api.watch();
    await().until(() -> watchers() == 1);

    watcher.cancel();

    await().until(() -> watchers() == 0);
    api.store.complete();
    assertThat(list().getContainersCount()).isEqualTo(2);
  }

  private int watchers() {
    return api.call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance()).getWatchers();
  }

  @Test
  void aCriClientFindsARuntimeThatIsNotUp() {
    RuntimeServiceBlockingStub cri = cri();

    assertFails(
        Code.UNAVAILABLE,
        "not been in sync with containerd yet",
        () -> cri.listContainers(ListContainersRequest.getDefaultInstance()));
    assertFails(
        Code.UNAVAILABLE,
        "RuntimeReady",
        () -> cri.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()));
    assertFails(
        Code.UNAVAILABLE,
        "RuntimeReady",
        () -> cri.containerStatus(ContainerStatusRequest.newBuilder().setContainerId("c").build()));
    assertThat(cri.version(VersionRequest.getDefaultInstance()).getRuntimeName())
        .isEqualTo("containerd");

    api.store.complete();

    assertThat(cri.listContainers(ListContainersRequest.getDefaultInstance()).getContainersCount())
        .isZero();
  }

  @Test
  void readinessIsServedWhenAnswersAreCompleteAndLivenessBefore() {
    assertThat(health("")).isEqualTo(ServingStatus.SERVING);
    assertThat(health("statebridge.v1.Statebridge")).isEqualTo(ServingStatus.SERVING);
    assertThat(health("statebridge.v1.Statebridge/ready")).isEqualTo(ServingStatus.NOT_SERVING);

    api.store.complete();

    assertThat(health("statebridge.v1.Statebridge/ready")).isEqualTo(ServingStatus.SERVING);
  }

  private ServingStatus health(String name) {
    return HealthGrpc.newBlockingStub(api.connect())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(name).build())
        .getStatus();
  }
}
