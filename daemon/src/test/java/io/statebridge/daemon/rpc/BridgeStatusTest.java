package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.PENDING;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.ended;
import static io.statebridge.daemon.rpc.Samples.ending;
import static io.statebridge.daemon.rpc.Samples.exited;
import static io.statebridge.daemon.rpc.Samples.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.proto.v1.CheckpointStatus;
import io.statebridge.proto.v1.Counters;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.NamespacePolicy;
import io.statebridge.proto.v1.RuntimeStatus;
import io.statebridge.proto.v1.SyncState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BridgeStatusTest {
  private final Api api;

  BridgeStatusTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private GetBridgeStatusResponse status() {
    return api.call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance());
  }

  @Test
  void beforeTheFirstConnectNothingIsInSync() {
    GetBridgeStatusResponse status = status();

    assertThat(Instant.ofEpochSecond(status.getStartedAt().getSeconds()))
        .isBetween(Instant.now().minusSeconds(60), Instant.now());
    assertThat(status.getCheckpoint().getState()).isEqualTo(CheckpointStatus.State.DISABLED);
    assertThat(status.getCheckpoint().hasSince()).isTrue();
    assertThat(status.toBuilder().clearStartedAt().clearCheckpoint().build())
        .isEqualTo(
            GetBridgeStatusResponse.newBuilder()
                .setVersion(Api.VERSION)
                .setEpoch(Api.EPOCH)
                .setRuntime(
                    RuntimeStatus.newBuilder()
                        .setAddress(Api.RUNTIME_ADDRESS)
                        .setPhase(RuntimeStatus.Phase.DISCONNECTED)
                        .setSince(Protos.timestamp(Api.SINCE)))
                .setSync(SyncState.getDefaultInstance())
                .addNamespaces(
                    NamespacePolicy.newBuilder()
                        .setNamespace("k8s.io")
                        .setConfigured("always")
                        .setDeletes(true)
                        .setWhy("configured"))
                .setCounters(Counters.getDefaultInstance())
                .build());
  }

  @Test
  void containersAreCountedByWhatIsStillToBeDone() throws Exception {
    api.store.create(created("new"));
    api.store.create(ending(running("ending"), PENDING));
    api.store.create(exited("ended"));
    api.store.create(ended(running("kept"), EXIT, true));
    api.watch().next(5);

    GetBridgeStatusResponse status = status();

    assertThat(status.getContainers()).isEqualTo(4);
    assertThat(status.getRevision()).isEqualTo(4);
    assertThat(status.getPendingExits()).isEqualTo(1);
    assertThat(status.getCleanupPending()).isEqualTo(1);
    assertThat(status.getWatchers()).isEqualTo(1);
  }
}
