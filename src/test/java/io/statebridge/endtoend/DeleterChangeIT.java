package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.NamespacePolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A containerd that comes back with a CRI plugin: from then on the plugin deletes its tasks. */
final class DeleterChangeIT {
  private static final Duration RETURN = Duration.ofSeconds(20);

  private final RealContainerd containerd = new RealContainerd();
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(containerd.socket(), "--namespace", CriPods.NAMESPACE + ":auto");
  private final Records records = new Records(statebridge);

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  @Test
  void anExitThatIsPendingWhenThePluginComesIsRecordedAndItsTaskLeftToThePlugin() {
    ContainerId id = new ContainerId(CriPods.NAMESPACE, containerd.namespace("pending"));
    containerd.ctr().runUntilTold(id);
    records.awaitState(id, ContainerState.CONTAINER_STATE_RUNNING);
    await().until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) == 1);
    assertThat(policy().getDeletes()).isTrue();

    containerd.stop();
    containerd.ctr().tell(id, 7);
    records.await(id, Container::hasPendingExit);
    containerd.enableCriPlugin();
    containerd.start();
    await().atMost(RETURN).until(() -> statebridge.status().getSync().getInSync());

    await().until(() -> !policy().getDeletes());
    Container ended = records.awaitState(id, ContainerState.CONTAINER_STATE_EXITED);
    assertThat(ended.getExitCode()).isEqualTo(7);
    assertThat(ended.getCleanupPending()).isFalse();
    await().until(() -> statebridge.status().getQueuesActive() == 0);
    if (!containerd.forgetsWhatEndedMeanwhile()) {
      assertThat(containerd.client().task(id))
          .hasValueSatisfying(task -> assertThat(task.getStatus()).isEqualTo(Status.STOPPED))
          .map(Process::getExitStatus)
          .contains(7);
    }
  }

  private NamespacePolicy policy() {
    return statebridge.status().getNamespacesList().stream()
        .filter(p -> p.getNamespace().equals(CriPods.NAMESPACE))
        .findFirst()
        .orElseThrow();
  }
}
