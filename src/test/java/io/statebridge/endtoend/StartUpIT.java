package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What the daemon knows, as soon as it is in sync, of containers that were there before it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class StartUpIT {
  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final String looks = containerd.namespace("looks");
  private final ContainerId bare = new ContainerId(looks, "bare");
  private final ContainerId created = new ContainerId(looks, "created");
  private final ContainerId running = new ContainerId(looks, "running");
  private final ContainerId paused = new ContainerId(looks, "paused");
  private final ContainerId left = new ContainerId(looks, "left");
  private final ContainerId stopped = new ContainerId(bars, "stopped");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(
          containerd.socket(), "--namespace", bars + ":always", "--namespace", looks + ":never");
  private final Records records = new Records(statebridge);

  @BeforeAll
  void startTheDaemonLast() {
    containerd.start();
    Ctr ctr = containerd.ctr();
    ctr.create(bare, Map.of("example.com/tier", "back"));
    ctr.create(created, Map.of());
    containerd.client().createTask(created);
    ctr.runUntilTold(running);
    ctr.runUntilTold(paused);
    ctr.pause(paused);
    ctr.run(left, "exit 9");
    ctr.run(stopped, "exit 9");
    await().until(() -> task(left).getStatus() == Status.STOPPED);
    await().until(() -> task(stopped).getStatus() == Status.STOPPED);
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterAll
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }

  private Process task(ContainerId id) {
    return containerd.client().task(id).orElseThrow();
  }

  @Test
  void aContainerWithoutATaskIsCreated() {
    JsonNode json = records.json(bare);

    assertThat(json.get("state").asText()).isEqualTo("CREATED");
    assertThat(json.get("pid").asInt(-1)).isZero();
    assertThat(json.get("labels").get("example.com/tier").asText()).isEqualTo("back");
    assertThat(json.get("createdAt").isTextual()).isTrue();
    assertThat(json.get("startedAt").isNull()).isTrue();
  }

  @Test
  void aTaskThatWasNotStartedIsCreatedAndHasItsPid() {
    JsonNode json = records.json(created);

    assertThat(json.get("state").asText()).isEqualTo("CREATED");
    assertThat(json.get("pid").asInt()).isEqualTo(task(created).getPid());
    assertThat(json.get("startedAt").isNull()).isTrue();
  }

  @Test
  void aRunningContainerHasItsPidAndItsProcessesStart() {
    JsonNode json = records.json(running);

    assertThat(json.get("state").asText()).isEqualTo("RUNNING");
    assertThat(json.get("pid").asInt()).isEqualTo(task(running).getPid()).isPositive();
    assertThat(json.get("exitCode").isNull()).isTrue();
    assertThat(Instant.parse(json.get("startedAt").asText()))
        .isBetween(Instant.parse(json.get("createdAt").asText()), Instant.now());
  }

  @Test
  void aPausedContainerIsRunningAndPaused() {
    JsonNode json = records.json(paused);

    assertThat(json.get("state").asText()).isEqualTo("RUNNING");
    assertThat(json.get("paused").asBoolean()).isTrue();
  }

  @Test
  void anEndBeforeTheStartIsToldByTheListAndItsTaskIsLeftToOthers() {
    JsonNode json = records.json(left);

    assertIsTheListedExit(json);
    assertThat(Instant.parse(json.get("finishedAt").asText()))
        .isEqualTo(Records.instant(task(left).getExitedAt()));
  }

  @Test
  void anEndBeforeTheStartIsToldByTheListAndItsTaskIsDeletedWhereThatIsOurs() {
    await().until(() -> containerd.client().task(stopped).isEmpty());
    await().until(() -> !records.json(stopped).get("exitCode").isNull());

    assertIsTheListedExit(records.json(stopped));
  }

  private static void assertIsTheListedExit(JsonNode json) {
    assertThat(json.get("state").asText()).isEqualTo("EXITED");
    assertThat(json.get("exitCode").asInt(-1)).isEqualTo(9);
    assertThat(json.get("source").asText()).isEqualTo("LISTED");
    assertThat(json.get("reason").asText()).isEqualTo("Error");
    assertThat(json.get("pid").asInt(-1)).isZero();
  }

  @Test
  void aListHoldsAllOfThemInOrder() {
    JsonNode json = statebridge.cli().json("list");

    assertThat(json)
        .map(each -> each.get("namespace").asText() + "/" + each.get("id").asText())
        .containsExactly(
            stopped.toString(),
            bare.toString(),
            created.toString(),
            left.toString(),
            paused.toString(),
            running.toString());
  }
}
