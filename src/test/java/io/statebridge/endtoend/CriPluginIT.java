package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ExitSource;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Beside a real containerd's CRI plugin, which deletes its tasks itself. */
final class CriPluginIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());
  private final Records records = new Records(statebridge);

  @BeforeEach
  void start() {
    containerd.start();
  }

  @AfterEach
  void end() throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }

  private Container awaitExited(ContainerId id) {
    return records.awaitState(id, io.statebridge.proto.v1.ContainerState.CONTAINER_STATE_EXITED);
  }

  @Test
  void whatEndedBeforeWeCameIsAskedOfThePlugin() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("before");
    ContainerId id = pods.runUntilTold(pod, "ended");
    pods.tell("ended", 7);
    await().until(() -> pods.status(id).getState() == ContainerState.CONTAINER_EXITED);
    await().until(() -> containerd.client().task(id).isEmpty());

    statebridge.start();
    statebridge.awaitInSync();

    Container ended = awaitExited(id);
    ContainerStatus status = pods.status(id);
    assertThat(ended.getExitCode()).isEqualTo(7);
    assertThat(ended.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_CRI);
    assertThat(nanos(ended.getFinishedAt())).isEqualTo(status.getFinishedAt());
    assertThat(nanos(ended.getStartedAt())).isEqualTo(status.getStartedAt());
    pods.remove(pod);
  }

  @Test
  void theTrueCodesOfContainersThatEndedDuringARestartAreKnownHereAlone() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("during");
    ContainerId id = pods.runUntilTold(pod, "ends");
    statebridge.start();
    statebridge.awaitInSync();
    await().until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == 2);

    containerd.stop();
    pods.tell("ends", 7);
    Container known = awaitExited(id);
    containerd.start();
    statebridge.awaitInSync();

    assertThat(known.getExitCode()).isEqualTo(7);
    assertThat(known.getSource()).isEqualTo(ExitSource.EXIT_SOURCE_SHIM);
    assertThat(awaitExited(id)).isEqualTo(known);
    ContainerStatus status =
        await()
            .ignoreExceptions()
            .until(() -> pods.status(id), s -> s.getState() == ContainerState.CONTAINER_EXITED);
    ContainerStatus ours = CriPods.status(statebridge.cri(), id);
    assertThat(ours.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(ours.getExitCode()).isEqualTo(7);
    assertThat(ours.getReason()).isEqualTo("Error");
    if (containerd.forgetsWhatEndedMeanwhile()) {
      assertThat(status.getExitCode()).isEqualTo(255);
      assertThat(status.getReason()).isEqualTo("Unknown");
    } else {
      assertThat(status.getExitCode()).isEqualTo(7);
    }
    pods.remove(pod);
  }

  private static long nanos(com.google.protobuf.Timestamp time) {
    return time.getSeconds() * 1_000_000_000 + time.getNanos();
  }
}
