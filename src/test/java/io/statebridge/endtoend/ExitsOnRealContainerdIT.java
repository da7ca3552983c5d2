package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import java.io.IOException;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What real containers do while the daemon follows, and what it makes of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ExitsOnRealContainerdIT {
  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final String looks = containerd.namespace("looks");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(
          containerd.socket(), "--namespace", bars + ":always", "--namespace", looks + ":never");
  private final Records records = new Records(statebridge);

  @BeforeAll
  void start() {
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterAll
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }

  @Test
  void aContainerThatSucceedsIsRecordedWithCodeZero() {
    assertIsRecorded(new ContainerId(bars, "succeeds"), "exit 0", 0, "Completed");
  }

  @Test
  void aContainerThatFailsIsRecordedWithItsCode() {
    assertIsRecorded(new ContainerId(bars, "fails"), "exit 7", 7, "Error");
  }

  private void assertIsRecorded(ContainerId id, String script, int code, String reason) {
    try (ContainerdEvents events = ContainerdEvents.of(containerd.socket())) {

      // Long enough for its start to be told before its end is.
      containerd.ctr().run(id, "sleep 0.5; " + script);
      records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

      assertSaysWhatContainerdSaid(records.json(id), events.exitOf(id), code, reason);
      assertThat(containerd.client().task(id)).isEmpty();
    }
  }

  @Test
  void whoAsksAfterTheRemovalStillLearnsTheCode() {
    ContainerId id = new ContainerId(bars, "removed");
    containerd.ctr().run(id, "exit 7");
    records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

    containerd.ctr().deleteContainer(id);
    await().until(() -> records.find(id).isEmpty());

    assertThat(statebridge.cli().run("wait", id.id()).out()).isEqualTo("7\n");
    assertThat(records.json(id).get("removedAt").isTextual()).isTrue();
  }

  @Test
  void aContainerThatIsKilledIsRecordedWithTheSignalInItsCode() {
    ContainerId id = new ContainerId(bars, "killed");
    try (ContainerdEvents events = ContainerdEvents.of(containerd.socket())) {
      containerd.ctr().run(id, "exec sleep 300");
      records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);

      containerd.ctr().kill(id);
      records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

      assertSaysWhatContainerdSaid(records.json(id), events.exitOf(id), 137, "Error");
      assertThat(containerd.client().task(id)).isEmpty();
    }
  }

  private static void assertSaysWhatContainerdSaid(
      JsonNode json, TaskExit exit, int code, String reason) {
    assertThat(json.get("state").asText()).isEqualTo("EXITED");
    assertThat(json.get("exitCode").asInt(-1)).isEqualTo(code).isEqualTo(exit.getExitStatus());
    assertThat(json.get("reason").asText()).isEqualTo(reason);
    assertThat(json.get("pid").asInt(-1)).isZero();
    // Whoever was first.
    assertThat(json.get("source").asText()).isIn("EVENT", "SHIM");
    assertThat(json.get("pendingExit").isNull()).isTrue();
    assertThat(json.get("cleanupPending").asBoolean(true)).isFalse();
    assertThat(json.get("startedAt").isTextual()).isTrue();
    assertThat(Instant.parse(json.get("finishedAt").asText()))
        .isEqualTo(Records.instant(exit.getExitedAt()));
  }

  @Test
  void theTaskOfAnotherDeletersNamespaceIsLeftStopped() {
    ContainerId id = new ContainerId(looks, "left");

    containerd.ctr().run(id, "exit 7");
    Container recorded = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

    Process task = containerd.client().task(id).orElseThrow();
    assertThat(task.getStatus()).isEqualTo(Status.STOPPED);
    assertThat(recorded.getExitCode()).isEqualTo(7).isEqualTo(task.getExitStatus());
    assertThat(recorded.getFinishedAt()).isEqualTo(task.getExitedAt());
    assertThat(recorded.getPid()).isZero();
  }

  @Test
  void theEndOfAnExecLeavesTheContainerRunning() {
    ContainerId id = new ContainerId(bars, "execs");
    containerd.ctr().run(id, "exec sleep 300");
    Container before = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    long execsBefore = statebridge.status().getCounters().getExitsOfExecs();

    int execStatus = containerd.ctr().exec(id, "x1", "exit 4");
    await().until(() -> statebridge.status().getCounters().getExitsOfExecs() > execsBefore);

    assertThat(execStatus).isEqualTo(4);
    assertThat(before.getPid()).isPositive();
    assertThat(records.find(id)).contains(before);
  }

  @Test
  void beingOutOfMemoryIsCountedAndChangesNothing() {
    ContainerId id = new ContainerId(bars, "hungry");
    containerd.ctr().run(id, "exec sleep 300");
    Container before = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);

    new PublishedEvents(containerd.client()).oom(id);
    await().until(() -> statebridge.status().getCounters().getEventsOom() == 1);

    assertThat(records.find(id)).contains(before);
    assertThat(statebridge.status().getCounters().getEventsMalformed()).isZero();
  }

  @Test
  void aPausedContainerGoesOnRunning() {
    ContainerId id = new ContainerId(bars, "pauses");
    containerd.ctr().run(id, "exec sleep 300");
    Container before = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);

    containerd.ctr().pause(id);
    Container paused = records.await(id, Container::getPaused);
    containerd.ctr().resume(id);
    Container resumed = records.await(id, container -> !container.getPaused());

    assertThat(paused.getState()).isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
    assertThat(paused.getPid()).isEqualTo(before.getPid());
    assertThat(resumed.getState()).isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
    assertThat(resumed.getStartedAt()).isEqualTo(before.getStartedAt());
  }
}
