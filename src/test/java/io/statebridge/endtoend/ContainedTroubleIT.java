package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What is wrong with one container, or with many, is not wrong with the node: the daemon is in sync
 * and tells all that can be known.
 */
final class ContainedTroubleIT {

  /** containerd gives each 2 s when it lists tasks, which is then too slow for anybody. */
  private static final int HUNG = 6;

  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(containerd.socket(), "--namespace", bars + ":always");
  private final Records records = new Records(statebridge);

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private void restart() {
    statebridge.crash();
    statebridge.start();
    statebridge.awaitInSync();
  }

  /** containerd's own limit of a message. */
  @Test
  void containersThatAreLongerTogetherThanAMessageAreAllThere() {
    for (int i = 0; i < 5; i++) {
      containerd.client().createLarge(new ContainerId(bars, "large-" + i), 4_000_000);
    }
    containerd.ctr().run(new ContainerId(bars, "web"), "exit 7");
    records.awaitState(new ContainerId(bars, "web"), ContainerState.CONTAINER_STATE_EXITED);

    restart();

    for (int i = 0; i < 5; i++) {
      records.awaitState(
          new ContainerId(bars, "large-" + i), ContainerState.CONTAINER_STATE_CREATED);
    }
    assertThat(records.find(new ContainerId(bars, "web")).orElseThrow().getExitCode()).isEqualTo(7);
  }

  /** containerd 1.6 takes it as it is, later ones refuse it. */
  @Test
  void aLabelThatIsNoUtf8IsShownAsFarAsItCanBe() {
    ContainerId bad = new ContainerId(bars, "bad");
    boolean taken = containerd.ctr().createWithBadLabel(bad);
    assertThat(taken).isEqualTo(!containerd.forgetsWhatEndedMeanwhile());
    ContainerId other = new ContainerId(bars, "other");
    containerd.ctr().runUntilTold(other);

    restart();

    records.awaitState(other, ContainerState.CONTAINER_STATE_RUNNING);
    if (taken) {
      Container shown = records.find(bad).orElseThrow();
      // Nobody else can read a list that it is in.
      containerd.client().deleteContainer(bad);
      assertThat(shown.getLabelsMap())
          .containsEntry("bad", "a\ufffd\ufffd")
          .containsEntry("good", "1");
    }
    containerd.ctr().tell(other, 7);
    assertThat(records.awaitState(other, ContainerState.CONTAINER_STATE_EXITED).getExitCode())
        .isEqualTo(7);
  }

  @Test
  void shimsThatHangKeepNobodyElseFromBeingKnown() {
    ContainerId well = new ContainerId(bars, "well");
    containerd.ctr().runUntilTold(well);
    List<ContainerId> hung = new ArrayList<>();
    List<ProcessHandle> shims = new ArrayList<>();
    for (int i = 0; i < HUNG; i++) {
      ContainerId id = new ContainerId(bars, "hung-" + i);
      containerd.ctr().runUntilTold(id);
      hung.add(id);
      shims.add(Leftovers.shimOf(records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING)));
    }
    records.awaitState(well, ContainerState.CONTAINER_STATE_RUNNING);
    shims.forEach(Signals::freeze);
    try {
      statebridge.crash();
      statebridge.start();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> statebridge.status().getSync().getInSync());

      GetBridgeStatusResponse status =
          await()
              .atMost(Duration.ofSeconds(60))
              .until(statebridge::status, s -> s.getSilentShimsTotal() == HUNG);
      assertThat(status.getSilentShimsList())
          .containsExactlyElementsOf(hung.stream().map(ContainerId::toString).toList());
      assertThat(records.find(well).orElseThrow().getState())
          .isEqualTo(ContainerState.CONTAINER_STATE_RUNNING);
      containerd.ctr().tell(well, 7);
      assertThat(records.awaitState(well, ContainerState.CONTAINER_STATE_EXITED).getExitCode())
          .isEqualTo(7);
      assertThat(statebridge.cli().run("status").out()).contains("shims not answering:");
    } finally {
      shims.forEach(Signals::thaw);
    }

    for (ContainerId id : hung) {
      records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
      containerd.ctr().tell(id, 9);
      Container ended = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
      assertThat(ended.getExitCode()).isEqualTo(9);
    }
    await()
        .atMost(Duration.ofSeconds(90))
        .until(() -> statebridge.status().getSilentShimsTotal() == 0);
  }
}
