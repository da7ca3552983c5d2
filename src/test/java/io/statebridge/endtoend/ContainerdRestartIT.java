package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.proto.v1.ListContainersRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

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

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

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
  void anExitDuringTheOutageIsKnownAtOnceWithItsOwnCode() {
    ContainerId looked = new ContainerId(looks, "ends");
    ContainerId deleted = new ContainerId(bars, "ends");
    containerd.ctr().runUntilTold(looked);
    containerd.ctr().runUntilTold(deleted);
    records.awaitState(looked, ContainerState.CONTAINER_STATE_RUNNING);
    records.awaitState(deleted, ContainerState.CONTAINER_STATE_RUNNING);
    await().until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == 2);

    containerd.stop();
    awaitOutOfSync();
    containerd.ctr().tell(looked, 5);
    containerd.ctr().tell(deleted, 6);
    Container known = records.awaitState(looked, ContainerState.CONTAINER_STATE_EXITED);
    Container pending = records.await(deleted, Container::hasPendingExit);
    boolean inSync = statebridge.status().getSync().getInSync();
    containerd.start();

    assertThat(inSync).isFalse();
    assertThat(known.getExitCode()).isEqualTo(5);
    assertThat(known.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_SHIM);
    assertThat(pending.getPendingExit().getExitCode()).isEqualTo(6);
    Container recorded = awaitExit(deleted);
    assertThat(recorded.getExitCode()).isEqualTo(6);
    assertThat(recorded.getFinishedAt()).isEqualTo(pending.getPendingExit().getExitedAt());
    await().until(() -> containerd.client().task(deleted).isEmpty());
    if (containerd.forgetsWhatEndedMeanwhile()) {
      assertThat(containerd.client().task(looked)).isEmpty();
    } else {
      assertThat(containerd.client().task(looked).map(Process::getExitedAt))
          .contains(known.getFinishedAt());
    }
    assertThat(records.find(looked).orElseThrow().getExitCode()).isEqualTo(5);
  }

  @Test
  void withoutWaitsTheListBringsTheTrueCodesIfContainerdStillKnowsThem() throws IOException {
    try (Scratch scratch = Scratch.create();
        StatebridgeProcess listing =
            new StatebridgeProcess(
                containerd.socket(),
                "--config",
                Files.writeString(scratch.resolve("config.toml"), "exit_watch = \"off\"\n")
                    .toString(),
                "--namespace",
                looks + ":never")) {
      ContainerId id = new ContainerId(looks, "listed");
      containerd.ctr().runUntilTold(id);
      listing.start();
      listing.awaitInSync();
      Container running = new Records(listing).find(id).orElseThrow();

      containerd.stop();
      containerd.ctr().tell(id, 9);
      await().until(() -> hasEnded(running));
      containerd.turnDeafToItsShims();
      containerd.start();

      Container recorded =
          new Records(listing).awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
      if (containerd.forgetsWhatEndedMeanwhile()) {
        assertThat(recorded.getExitCode()).isEqualTo(255);
        assertThat(recorded.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_UNKNOWN);
      } else {
        assertThat(recorded.getExitCode()).isEqualTo(9);
        assertThat(recorded.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_LISTED);
      }
    }
  }

  @Test
  void anExitThatHappenedWhileBothWereDownIsFoundAtTheShim() {
    ContainerId id = new ContainerId(looks, "unattended");
    containerd.ctr().runUntilTold(id);
    Container running = records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    containerd.stop();
    statebridge.crash();
    containerd.ctr().tell(id, 33);
    await().until(() -> hasEnded(running));

    statebridge.start();
    Container known = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);

    assertThat(known.getExitCode()).isEqualTo(33);
    assertThat(known.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_SHIM);
    assertThat(statebridge.status().getSync().getInSync()).isFalse();
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
