package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.grpc.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ninety-eight watchers that read, one that does not, and one whose process is stopped. */
@Timeout(300)
final class WatchersUnderLoadIT {
  private static final String NS = "bars";
  private static final int HEALTHY = 98;
  private static final int CHANGES = 10_000;
  private static final int LOG = 1000;

  /** So many changes at most before the healthy have seen them, far fewer than the log has. */
  private static final int BATCH = 50;

  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final StatebridgeProcess statebridge;
  private int created;

  WatchersUnderLoadIT() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
    statebridge =
        StatebridgeProcess.configured(
            containerd.socket(), "change_log_size = " + LOG, "[namespaces]", NS + " = \"always\"");
  }

  @AfterEach
  void end() {
    try (scratch;
        containerd;
        statebridge) {
      // The daemon first.
    }
  }

  /** Containers come, run, and exit with a code of their own. */
  private List<String> exit(int count) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = "c" + created++;
      containerd.run(NS, id);
      containerd.exit(NS, id, created % 100);
      ids.add(id);
    }
    return ids;
  }

  /** Likewise, and but for a few they go. */
  private void live(int count) {
    List<String> ids = exit(count);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> ids.stream().noneMatch(id -> containerd.hasTask(NS, id)));
    ids.stream().skip(2).forEach(id -> containerd.deleteContainer(NS, id));
  }

  private void change(List<WatcherFleet.Watcher> healthy) {
    long start = statebridge.status().getRevision();
    while (statebridge.status().getRevision() - start < CHANGES) {
      live(BATCH);
      long revision = statebridge.status().getRevision();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> healthy.stream().allMatch(each -> each.revision() >= revision));
    }
  }

  @Test
  void whoReadsSeesEachChangeOnceAndWhoDoesNotRecovers() {
    statebridge.start();
    statebridge.awaitInSync();
    live(20);
    try (WatcherFleet fleet = new WatcherFleet(statebridge.socket());
        WatchProcess cli = WatchProcess.start(statebridge.cli(), scratch.resolve("lines"))) {
      List<WatcherFleet.Watcher> healthy = fleet.healthy(HEALTHY);
      WatcherFleet.Watcher stalled = fleet.stalled();
      cli.await("SYNCED", line -> line.get("type").asText().equals("SYNCED"));
      Signals.freeze(cli.process().toHandle());

      change(healthy);

      assertThat(healthy).allSatisfy(each -> assertThat(each.faults()).isEmpty());
      assertThat(healthy).noneMatch(WatcherFleet.Watcher::hasEnded);
      assertRecoversAsDocumented(stalled);
      Signals.thaw(cli.process().toHandle());
      awaitInStep(cli);
      assertThat(cli.changes()).filteredOn(line -> isType(line, "SYNCED")).hasSize(2);

      // A new epoch, and what happened while there was no daemon.
      statebridge.crash();
      exit(20);
      containerd.deleteContainer(NS, "c0");
      statebridge.start();
      statebridge.awaitInSync();
      awaitInStep(cli);
      live(20);
      awaitInStep(cli);
    }
  }

  /** It is told OUT_OF_RANGE; it lists, and watches from there. */
  private void assertRecoversAsDocumented(WatcherFleet.Watcher overtaken) {
    overtaken.readOn();
    assertThat(overtaken.end().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(overtaken.faults()).isEmpty();

    ListContainersResponse list =
        statebridge.client().listContainers(ListContainersRequest.getDefaultInstance());
    live(1);
    Iterator<WatchContainersResponse> again =
        statebridge
            .client()
            .watchContainers(
                WatchContainersRequest.newBuilder()
                    .setResume(
                        WatchContainersRequest.Resume.newBuilder()
                            .setEpoch(list.getEpoch())
                            .setRevision(list.getRevision()))
                    .build());
    assertThat(again.next().getRevision()).isEqualTo(list.getRevision() + 1);
  }

  /** What it has printed adds up to what there is. */
  private void awaitInStep(WatchProcess cli) {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(addedUp(cli.changes())).isEqualTo(listed()));
  }

  private static Map<String, String> addedUp(List<JsonNode> lines) {
    Map<String, String> containers = new TreeMap<>();
    for (JsonNode line : lines) {
      JsonNode container = line.get("container");
      if (isType(line, "DELETED")) {
        containers.remove(container.get("id").asText());
      } else if (!container.isNull()) {
        containers.put(
            container.get("id").asText(),
            container.get("state").asText() + " " + container.get("exitCode").asText());
      }
    }
    return containers;
  }

  private static boolean isType(JsonNode line, String type) {
    return line.get("type").asText().equals(type);
  }

  private Map<String, String> listed() {
    Map<String, String> containers = new TreeMap<>();
    for (Container each :
        statebridge
            .client()
            .listContainers(ListContainersRequest.getDefaultInstance())
            .getContainersList()) {
      containers.put(
          each.getId(),
          each.getState().name().replace("CONTAINER_STATE_", "")
              + " "
              + (each.hasExitCode() ? each.getExitCode() : "null"));
    }
    return containers;
  }
}
