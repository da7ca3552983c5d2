package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.v1.Container;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The reason of a container that ran out of memory, beside a real containerd's CRI plugin. */
final class OomKilledIT {
  private static final io.statebridge.proto.v1.ContainerState RUNNING =
      io.statebridge.proto.v1.ContainerState.CONTAINER_STATE_RUNNING;

  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());
  private final Records records = new Records(statebridge);
  private final PublishedEvents events = new PublishedEvents(containerd.client());

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private CriPods pods;
  private CriPods.Pod pod;

  @BeforeEach
  void runAPod() {
    pods = containerd.pods();
    pod = pods.run("hungry");
  }

  private ContainerId run(String name) {
    ContainerId id = pods.runUntilTold(pod, name);
    records.awaitState(id, RUNNING);
    return id;
  }

  private void publishOom(ContainerId id) {
    long before = statebridge.status().getCounters().getEventsOom();
    events.oom(id);
    await().until(() -> statebridge.status().getCounters().getEventsOom() == before + 1);
  }

  private ContainerStatus ours(ContainerId id) {
    return CriPods.status(statebridge.cri(), id);
  }

  @Test
  void itIsOomKilledWhenThatWasPublishedBeforeItsExit() {
    assertIsOomKilled(137, _ -> {});
  }

  @Test
  void itIsOomKilledWhateverItsExitCodeIs() {
    assertIsOomKilled(0, code -> pods.tell("code0", code));
    assertIsOomKilled(7, code -> pods.tell("code7", code));
  }

  /**
   * @param tell ends it with the code; it is killed when that is 137
   */
  private void assertIsOomKilled(int code, IntConsumer tell) {
    ContainerId id = run("code" + code);
    Container before = records.find(id).orElseThrow();
    ContainerStatus criBefore = ours(id);

    publishOom(id);

    assertThat(records.find(id)).contains(before);
    assertThat(ours(id)).isEqualTo(criBefore);

    tell.accept(code);
    if (code == 137) {
      containerd.client().kill(id);
    }
    assertIsAsThePluginSays(id, code);
  }

  @Test
  void itIsOomKilledWhenThatWasPublishedAfterItsExit() {
    ContainerId id = run("late");
    containerd.client().kill(id);
    await().until(() -> pods.status(id).getState() == ContainerState.CONTAINER_EXITED);
    await().until(() -> ours(id).getState() == ContainerState.CONTAINER_EXITED);
    ContainerStatus before = ours(id);
    assertThat(before.getReason()).isEqualTo("Error");

    publishOom(id);

    assertIsAsThePluginSays(id, 137);
    assertThat(ours(id)).isEqualTo(before.toBuilder().setReason("OOMKilled").build());
  }

  @Test
  void itIsOomKilledAlthoughTheDaemonWasKilledBetween() {
    ContainerId id = run("outlived");
    publishOom(id);
    // Later than this on the disk is what comes after it alone.
    run("after");
    statebridge.awaitDurable();

    statebridge.crash();
    statebridge.start();
    statebridge.awaitInSync();
    containerd.client().kill(id);

    assertIsAsThePluginSays(id, 137);
  }

  private void assertIsAsThePluginSays(ContainerId id, int code) {
    ContainerStatus theirs =
        await()
            .until(
                () -> pods.status(id),
                s ->
                    s.getState() == ContainerState.CONTAINER_EXITED
                        && s.getReason().equals("OOMKilled"));
    assertThat(theirs.getExitCode()).isEqualTo(code);
    await().until(() -> ours(id).getState() == ContainerState.CONTAINER_EXITED);
    await().untilAsserted(() -> assertThat(ours(id).getReason()).isEqualTo(theirs.getReason()));
    assertThat(ours(id).getExitCode()).isEqualTo(theirs.getExitCode());
    assertThat(ours(id).getMessage()).isEqualTo(theirs.getMessage());
    assertThat(ours(id).getFinishedAt()).isEqualTo(theirs.getFinishedAt());
    Container record = records.find(id).orElseThrow();
    assertThat(record.getReason()).isEqualTo("OOMKilled");
    assertThat(record.getExitCode()).isEqualTo(code);
  }
}
