package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListContainersResponse;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What asking costs containerd. */
final class CriCostIT {
  private static final int PODS = 50;
  private static final int CONTAINERS_PER_POD = 10;
  private static final int TIMES = 100;

  @Test
  void listingHundredsOfContainersCostsContainerdNothing() throws IOException {
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd containerd =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess statebridge =
            StatebridgeProcess.configured(containerd.socket(), "reconcile_interval = \"60m\"")) {
      for (int pod = 0; pod < PODS; pod++) {
        SimulatedPods.run(containerd, SimulatedPods.sandbox(pod));
        for (int i = 0; i < CONTAINERS_PER_POD; i++) {
          SimulatedPods.run(containerd, SimulatedPods.container(pod, i));
        }
      }
      statebridge.start();
      statebridge.awaitInSync();
      RuntimeServiceBlockingStub cri = statebridge.cri().withDeadlineAfter(1, TimeUnit.MINUTES);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  statebridge.status().getExitWatchesMap().values().stream()
                          .mapToInt(Integer::intValue)
                          .sum()
                      == PODS * (CONTAINERS_PER_POD + 1));
      Map<String, Long> before = calls(containerd);

      for (int i = 0; i < TIMES; i++) {
        ListContainersResponse listed =
            cri.listContainers(ListContainersRequest.getDefaultInstance());
        assertThat(listed.getContainersList())
            .hasSize(PODS * CONTAINERS_PER_POD)
            .allMatch(c -> c.getState() == ContainerState.CONTAINER_RUNNING);
        assertThat(cri.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsCount())
            .isEqualTo(PODS);
        var _ =
            cri.podSandboxStatus(
                PodSandboxStatusRequest.newBuilder()
                    .setPodSandboxId(SimulatedPods.podId(i % PODS))
                    .build());
      }

      assertThat(calls(containerd)).isEqualTo(before);
    }
  }

  /** But for the probe of a stream that is silent, which comes by the clock. */
  private static Map<String, Long> calls(SimulatedContainerd containerd) {
    Map<String, Long> calls = new TreeMap<>(containerd.calls());
    calls.remove("Events/Publish");
    return calls;
  }
}
