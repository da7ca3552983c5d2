package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.CREATED;
import static io.statebridge.daemon.rpc.Samples.ENDED;
import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.PENDING;
import static io.statebridge.daemon.rpc.Samples.STARTED;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.ended;
import static io.statebridge.daemon.rpc.Samples.ending;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.paused;
import static io.statebridge.daemon.rpc.Samples.running;
import static io.statebridge.daemon.rpc.Samples.stored;
import static io.statebridge.daemon.rpc.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.PendingExit;
import io.statebridge.store.Entry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ProtosTest {

  private static Container.Builder expected() {
    return Container.newBuilder()
        .setNamespace("default")
        .setId("web")
        .setImage("busybox")
        .setRuntime("io.containerd.runc.v2")
        .setCreatedAt(Protos.timestamp(CREATED));
  }

  @Test
  void aCreatedContainerHasNeitherStartNorEnd() {
    Entry container = stored(created(id("web"), Map.of("app", "web"), "pod1"), 7);

    assertThat(Protos.container(container))
        .isEqualTo(
            expected()
                .setState(ContainerState.CONTAINER_STATE_CREATED)
                .putLabels("app", "web")
                .setSandboxId("pod1")
                .setRevision(7)
                .build());
  }

  @Test
  void aRunningContainerHasItsProcessAndWhatIsPending() {
    ContainerRecord container =
        ending(paused(created("web")), PENDING.afterFailedDelete("busy")).withOrphaned(true);

    assertThat(Protos.container(stored(container, 0)))
        .isEqualTo(
            expected()
                .setState(ContainerState.CONTAINER_STATE_RUNNING)
                .setPid(42)
                .setStartedAt(Protos.timestamp(STARTED))
                .setPaused(true)
                .setOrphaned(true)
                .setPendingExit(
                    PendingExit.newBuilder()
                        .setExitCode(3)
                        .setExitedAt(Protos.timestamp(ENDED))
                        .setObservedAt(Protos.timestamp(ENDED.plusMillis(1)))
                        .setSource(io.statebridge.proto.v1.ExitSource.EXIT_SOURCE_EVENT)
                        .setDeleteAttempts(1)
                        .setLastError("busy"))
                .build());
  }

  @Test
  void anExitedContainerHasItsWholeEnd() {
    ContainerRecord container =
        ended(running("web"), EXIT.withReason("OOMKilled").withMessage("so it goes"), true);

    assertThat(Protos.container(stored(container, 0)))
        .isEqualTo(
            expected()
                .setState(ContainerState.CONTAINER_STATE_EXITED)
                .setStartedAt(Protos.timestamp(STARTED))
                .setFinishedAt(Protos.timestamp(ENDED))
                .setExitCode(3)
                .setReason("OOMKilled")
                .setMessage("so it goes")
                .setSource(io.statebridge.proto.v1.ExitSource.EXIT_SOURCE_EVENT)
                .setCleanupPending(true)
                .build());
  }

  @Test
  void anExitCodeOfZeroIsSetAndOneThatIsUnknownIsNot() {
    Container completed =
        Protos.container(stored(ended(running("web"), new Exit(0, ENDED, ExitSource.EVENT)), 0));

    assertThat(completed.hasExitCode()).isTrue();
    assertThat(completed.getReason()).isEqualTo("Completed");
    assertThat(Protos.container(stored(running("web"), 0)).hasExitCode()).isFalse();
  }

  @Test
  void aPidIsUnsigned() {
    Container container = Protos.container(stored(withTask(created("web"), 4_294_967_295L), 0));

    assertThat(Integer.toUnsignedLong(container.getPid())).isEqualTo(4_294_967_295L);
  }

  @ParameterizedTest
  @EnumSource(ExitSource.class)
  void everySourceHasItsNameInTheApi(ExitSource source) {
    Container container =
        Protos.container(stored(ended(running("web"), new Exit(1, ENDED, source)), 0));

    assertThat(container.getSource().name()).isEqualTo("EXIT_SOURCE_" + source.name());
  }

  @ParameterizedTest
  @EnumSource(io.statebridge.api.ContainerState.class)
  void everyStateHasItsNameInTheApi(io.statebridge.api.ContainerState state) {
    assertThat(Protos.state(state).name()).isEqualTo("CONTAINER_STATE_" + state.name());
  }
}
