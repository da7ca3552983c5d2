package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.PENDING;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.ended;
import static io.statebridge.daemon.rpc.Samples.ending;
import static io.statebridge.daemon.rpc.Samples.exited;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.running;
import static io.statebridge.daemon.rpc.Samples.withTask;
import static io.statebridge.proto.v1.WaitContainerRequest.Until.OBSERVED;
import static io.statebridge.proto.v1.WaitContainerRequest.Until.RECORDED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WaitContainerTest {
  private static final int LOG_CAPACITY = 16;

  private final Api api;

  WaitContainerTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory, LOG_CAPACITY);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private static WaitContainerRequest request(String id, WaitContainerRequest.Until until) {
    return WaitContainerRequest.newBuilder().setId(id).setUntil(until).build();
  }

  private static WaitContainerRequest prefixed(String prefix) {
    return request(prefix, RECORDED).toBuilder().setMatchPrefix(true).build();
  }

  private WaitContainerResponse waitNow(String id, WaitContainerRequest.Until until) {
    return api.call().waitContainer(request(id, until));
  }

  /** A wait that is under way. */
  private ListenableFuture<WaitContainerResponse> waiting(
      String id, WaitContainerRequest.Until until) {
    return waiting(request(id, until));
  }

  private ListenableFuture<WaitContainerResponse> waiting(WaitContainerRequest request) {
    int before = openCalls();
    ListenableFuture<WaitContainerResponse> answer = api.callLater().waitContainer(request);
    await().until(() -> openCalls() == before + 1);
    return answer;
  }

  private int openCalls() {
    return api.call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance()).getWatchers();
  }

  private static WaitContainerResponse get(ListenableFuture<WaitContainerResponse> answer)
      throws Exception {
    return answer.get(10, TimeUnit.SECONDS);
  }

  private static Status failureOf(ListenableFuture<WaitContainerResponse> answer) {
    return Status.fromThrowable(catchThrowableOfType(ExecutionException.class, () -> get(answer)));
  }

  @Test
  void anExitThatIsRecordedIsAnsweredAtOnce() {
    api.store.create(exited("web"));

    WaitContainerResponse response = waitNow("web", RECORDED);

    assertThat(response.getContainer().getExitCode()).isEqualTo(3);
    assertThat(response.getContainer().getRevision()).isEqualTo(1);
    assertThat(response.getEpoch()).isEqualTo(Api.EPOCH);
    assertThat(waitNow("web", OBSERVED).getContainer().getExitCode()).isEqualTo(3);
  }

  @Test
  void theExitOfARemovedContainerIsAnsweredAtOnce() {
    api.store.create(exited("web"));
    api.store.delete(id("web"));

    assertThat(waitNow("web", RECORDED).getContainer().getExitCode()).isEqualTo(3);
    assertThat(waitNow("web", RECORDED).getContainer().hasRemovedAt()).isTrue();
  }

  @Test
  void anExitThatIsPendingIsAnsweredAtOnceToWhoWantsItObserved() {
    api.store.create(ending(running("web"), PENDING));

    WaitContainerResponse response = waitNow("web", OBSERVED);

    assertThat(response.getContainer().getState())
        .isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
    assertThat(response.getContainer().getPendingExit().getExitCode()).isEqualTo(3);
  }

  @Test
  void aWaitIsAnsweredOnceTheExitIsRecorded() throws Exception {
    api.store.create(running("web"));
    ListenableFuture<WaitContainerResponse> answer = waiting("web", RECORDED);

    api.store.update(id("web"), c -> ending(c, PENDING));
    api.store.create(exited("other"));
    assertThat(openCalls()).isEqualTo(1);
    assertThat(answer.isDone()).isFalse();
    api.store.update(id("web"), c -> ended(c, EXIT));

    assertThat(get(answer).getContainer().getRevision()).isEqualTo(4);
    assertThat(get(answer).getContainer().getState())
        .isEqualTo(ContainerState.CONTAINER_STATE_EXITED);
    await().until(() -> openCalls() == 0);
  }

  @Test
  void aWaitForAnObservedExitIsAnsweredOnceItIsPending() throws Exception {
    api.store.create(created("web"));
    ListenableFuture<WaitContainerResponse> answer = waiting("web", OBSERVED);

    api.store.update(id("web"), c -> withTask(c, 42));
    api.store.update(id("web"), c -> ending(c, PENDING));

    assertThat(get(answer).getContainer().getRevision()).isEqualTo(3);
  }

  @Test
  void anExitIsAnsweredThoughTheContainerWasRemovedOrRunsAgainRightAfterIt() throws Exception {
    api.store.create(running("web"));
    api.store.create(running("db"));
    ListenableFuture<WaitContainerResponse> web = waiting("web", RECORDED);
    ListenableFuture<WaitContainerResponse> db = waiting("db", RECORDED);

    api.store.update(id("web"), c -> ended(c, EXIT));
    api.store.delete(id("web"));
    api.store.update(id("db"), c -> ended(c, EXIT));
    api.store.update(id("db"), c -> withTask(c, 43));

    assertThat(get(web).getContainer().getExitCode()).isEqualTo(3);
    assertThat(get(db).getContainer().getExitCode()).isEqualTo(3);
  }

  @Test
  void anIdIsNoPrefixUnlessItIsAskedFor() {
    api.store.create(exited("job-2"));

    assertFails(Code.NOT_FOUND, "no container 'job'", () -> waitNow("job", RECORDED));
  }

  @Test
  void aPrefixIsEnoughIfAskedForAndNamesOneContainerForTheWholeWait() throws Exception {
    api.store.create(running("web-1"));
    ListenableFuture<WaitContainerResponse> answer = waiting(prefixed("we"));

    api.store.create(exited("web-0"));
    api.store.update(id("web-1"), c -> ended(c, EXIT));

    assertThat(get(answer).getContainer().getId()).isEqualTo("web-1");
  }

  @Test
  void aContainerThatIsRemovedBeforeItsEndIsNotFound() {
    api.store.create(running("web"));
    ListenableFuture<WaitContainerResponse> answer = waiting("web", RECORDED);

    api.store.delete(id("web"));

    assertThat(failureOf(answer).getCode()).isEqualTo(Code.NOT_FOUND);
    assertThat(failureOf(answer).getDescription())
        .isEqualTo("container 'web' was removed before it ran to an end");
  }

  @Test
  void whoeverDoesNotNameOneContainerIsTold() {
    api.store.create(running("web-1"));
    api.store.create(running("web-2"));

    assertFails(Code.NOT_FOUND, "no container 'db'", () -> waitNow("db", RECORDED));
    assertFails(
        Code.INVALID_ARGUMENT,
        "id 'web' matches 2",
        () -> api.call().waitContainer(prefixed("web")));
    assertFails(Code.INVALID_ARGUMENT, "id is required", () -> waitNow("", RECORDED));
    assertFails(
        Code.INVALID_ARGUMENT,
        "until must be RECORDED or OBSERVED, not 9",
        () ->
            api.call()
                .waitContainer(
                    WaitContainerRequest.newBuilder().setId("web-1").setUntilValue(9).build()));
    assertThat(openCalls()).isZero();
  }

  @Test
  void aDeadlineEndsAWaitAndNothingOfItRemains() {
    api.store.create(running("web"));

    assertFails(
        Code.DEADLINE_EXCEEDED,
        "deadline",
        () ->
            api.call()
                .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                .waitContainer(request("web", RECORDED)));

    await().until(() -> openCalls() == 0);
  }

  @Test
  void aClientThatLeavesIsForgotten() {
    api.store.create(running("web"));
    ListenableFuture<WaitContainerResponse> answer = waiting("web", RECORDED);

    answer.cancel(true);

    await().until(() -> openCalls() == 0);
  }

  @Test
  void manyChangesOfOthersDoNotLoseAWait() throws Exception {
    api.store.create(running("web"));
    ListenableFuture<WaitContainerResponse> answer = waiting("web", RECORDED);

    for (int i = 0; i < 100 * LOG_CAPACITY; i++) {
      api.store.create(created("busy"));
      api.store.delete(id("busy"));
    }
    api.store.update(id("web"), c -> ended(c, EXIT));

    assertThat(get(answer).getContainer().getExitCode()).isEqualTo(3);
  }
}
