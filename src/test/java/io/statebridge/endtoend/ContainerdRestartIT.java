package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ListContainersRequest;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** containerd goes away and comes back while the daemon runs. */
final class ContainerdRestartIT {
  /** containerd looks at every shim at its start, and the daemon's backoff goes up to a second. */
  private static final Duration RETURN = Duration.ofSeconds(20);

  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final String looks = containerd.namespace("looks");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(
          containerd.socket(), "--namespace", bars + ":always", "--namespace", looks + ":never");
  private final Records records = new Records(statebridge);

  @BeforeEach
  void start() {
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterEach
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }

  @Test
  void everyQuestionIsAnsweredWhileContainerdIsAway() {
    ContainerId id = new ContainerId(looks, "stays");
    containerd.ctr().runUntilTold(id);
    Container before = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);

    containerd.stop();
    awaitOutOfSync();

    assertThat(records.find(id)).contains(before);
    Program.Result list = statebridge.cli().run("list");
    assertThat(list.status()).isZero();
    assertThat(list.out()).contains("stays");
    assertThat(list.err()).hasLineCount(1).contains("may be out of date", "last in sync");
    JsonNode status = statebridge.cli().json("status");
    assertThat(status.get("runtime").get("phase").asText()).isIn("DISCONNECTED", "CONNECTING");
    assertThat(status.get("runtime").get("lastError").asText()).isNotEmpty();
    assertThat(status.get("sync").get("inSync").asBoolean(true)).isFalse();
    assertThat(status.get("sync").get("lastInSyncAt").isTextual()).isTrue();
    Program.Result report = statebridge.cli().run("status");
    assertThat(report.status()).isZero();
    assertThat(report.out())
        .startsWith("not in sync with containerd")
        .contains(containerd.socket().toString());
  }

  @Test
  void anExitDuringTheOutageIsRecordedWithItsOwnCode() {
    ContainerId looked = new ContainerId(looks, "ends");
    ContainerId deleted = new ContainerId(bars, "ends");
    containerd.ctr().runUntilTold(looked);
    containerd.ctr().runUntilTold(deleted);
    Container running = records.awaitState(looked, ContainerState.CONTAINER_STATE_RUNNING);
    Container other = records.awaitState(deleted, ContainerState.CONTAINER_STATE_RUNNING);

    containerd.stop();
    awaitOutOfSync();
    containerd.ctr().tell(looked, 5);
    containerd.ctr().tell(deleted, 6);
    await().until(() -> hasEnded(running) && hasEnded(other));
    assertThat(records.find(looked)).contains(running);
    containerd.start();

    Container recorded = awaitExit(looked);
    Process task = containerd.client().task(looked).orElseThrow();
    assertThat(recorded.getExitCode()).isEqualTo(5);
    assertThat(recorded.getFinishedAt()).isEqualTo(task.getExitedAt());
    assertThat(awaitExit(deleted).getExitCode()).isEqualTo(6);
    assertThat(containerd.client().task(deleted)).isEmpty();
  }

  @Test
  void afterTheReturnNewExitsAreRecorded() {
    containerd.crash();
    awaitOutOfSync();
    containerd.start();
    await().atMost(RETURN).until(() -> statebridge.status().getSync().getInSync());
    ContainerId id = new ContainerId(bars, "next");

    containerd.ctr().run(id, "exit 7");
    Container recorded = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

    assertThat(recorded.getExitCode()).isEqualTo(7);
    assertThat(statebridge.status().getRuntime().getReconnects()).isEqualTo(1);
    assertThat(statebridge.cli().run("list").err()).isEmpty();
  }

  private void awaitOutOfSync() {
    await()
        .until(
            () ->
                !statebridge
                    .client()
                    .listContainers(ListContainersRequest.getDefaultInstance())
                    .getSync()
                    .getInSync());
  }

  private Container awaitExit(ContainerId id) {
    await()
        .atMost(RETURN)
        .until(
            () -> records.find(id).map(Container::getState).orElseThrow(),
            ContainerState.CONTAINER_STATE_EXITED::equals);
    return records.find(id).orElseThrow();
  }

  private static boolean hasEnded(Container container) {
    return ProcessHandle.of(container.getPid()).isEmpty();
  }
}
