package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.v1.Container;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Pods that a sandboxer makes, without a pause container, beside a real containerd's CRI plugin.
 * Before containerd 2.0 there are no such: then the same is asked of pods that have one.
 */
final class CriSandboxerIT {
  private final RealContainerd containerd = new RealContainerd(true, true);

  /** No event tells of such a pod: it is the list that finds one. */
  private final StatebridgeProcess statebridge =
      StatebridgeProcess.configured(containerd.socket(), "reconcile_interval = \"1s\"");

  private final Records records = new Records(statebridge);
  private final CriComparison comparison = new CriComparison();

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private static Optional<PodSandbox> find(RuntimeServiceBlockingStub stub, CriPods.Pod pod) {
    return stub.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList().stream()
        .filter(item -> item.getId().equals(pod.id()))
        .findFirst();
  }

  private static PodSandboxStatus status(RuntimeServiceBlockingStub stub, CriPods.Pod pod) {
    return stub.podSandboxStatus(
            PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod.id()).build())
        .getStatus();
  }

  private static ContainerStatus status(RuntimeServiceBlockingStub stub, ContainerId id) {
    return stub.containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id.id()).build())
        .getStatus();
  }

  private Container record(CriPods.Pod pod) {
    return records.find(new ContainerId(CriPods.NAMESPACE, pod.id())).orElseThrow();
  }

  private void awaitState(CriPods.Pod pod, PodSandboxState state) {
    await("the pod " + state)
        .until(() -> find(statebridge.cri(), pod).filter(p -> p.getState() == state).isPresent());
  }

  private void awaitState(CriPods pods, ContainerId id, ContainerState state) {
    await("the container " + state)
        .until(
            () ->
                status(statebridge.cri(), id).getState() == state
                    && pods.status(id).getState() == state);
  }

  private void assertOnlyListed() {
    CriDifferences listed = CriDifferences.of(containerd.client().version());
    Set<String> allowed = new HashSet<>(listed.listed());
    allowed.addAll(listed.listedOfSandboxers());
    assertThat(allowed)
        .as("%s", comparison.differences())
        .containsAll(comparison.differences().keySet());
  }

  private void assertToldAlike(CriPods pods, CriPods.Pod pod) {
    comparison.compare(
        "ListPodSandbox",
        find(pods.stub(), pod).orElseThrow(),
        find(statebridge.cri(), pod).orElseThrow());
    assertStatusToldAlike(pods, pod);
  }

  private void assertStatusToldAlike(CriPods pods, CriPods.Pod pod) {
    comparison.compare(
        "PodSandboxStatus.status", status(pods.stub(), pod), status(statebridge.cri(), pod));
    assertOnlyListed();
  }

  private void assertToldAlike(CriPods pods, ContainerId id) {
    comparison.compare("ContainerStatus.status", pods.status(id), status(statebridge.cri(), id));
    assertOnlyListed();
  }

  @Test
  void aPodIsToldAsThePluginTellsItFromItsStartUntilItIsRemoved() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("sandboxed");
    assertThat(containerd.client().containers(CriPods.NAMESPACE))
        .hasSize(containerd.sandboxer().isPresent() ? 0 : 1);
    awaitState(pod, PodSandboxState.SANDBOX_READY);
    assertToldAlike(pods, pod);
    assertThat(record(pod).getPid()).isPositive();

    ContainerId id = pods.runUntilTold(pod, "within");
    awaitState(pods, id, ContainerState.CONTAINER_RUNNING);
    assertToldAlike(pods, id);
    assertThat(records.find(id).orElseThrow().getSandboxId()).isEqualTo(pod.id());
    pods.tell("within", 7);
    awaitState(pods, id, ContainerState.CONTAINER_EXITED);
    assertToldAlike(pods, id);

    pods.stop(pod);
    awaitState(pod, PodSandboxState.SANDBOX_NOTREADY);
    assertToldAlike(pods, pod);
    assertThat(record(pod).getExitCode()).isEqualTo(137);
    assertThat(comparison.differences().keySet())
        .containsAll(CriDifferences.of(containerd.client().version()).listedOfSandboxers());

    pods.remove(pod);
    await().until(() -> find(statebridge.cri(), pod).isEmpty());
    assertThat(records.find(id)).isEmpty();
  }

  @Test
  void aPodOutlivesContainerdAndItsEndMeanwhileIsKnownAfterwards() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("outliving");
    ContainerId id = pods.runUntilTold(pod, "within");
    awaitState(pod, PodSandboxState.SANDBOX_READY);
    awaitState(pods, id, ContainerState.CONTAINER_RUNNING);
    Container before = record(pod);

    restartContainerd(() -> {});

    assertThat(record(pod)).isEqualTo(before);
    assertToldAlikeAfterARestart(pods, pod);
    assertToldAlike(pods, id);

    restartContainerd(() -> ProcessHandle.of(before.getPid()).orElseThrow().destroyForcibly());

    awaitState(pod, PodSandboxState.SANDBOX_NOTREADY);
    assertToldAlikeAfterARestart(pods, pod);
    assertThat(record(pod).getExitCode()).isEqualTo(137);
    pods.tell("within", 0);
    pods.remove(pod);
    await().until(() -> find(statebridge.cri(), pod).isEmpty());
  }

  /** A plugin that was started again does not know any more when it made the pods that it lists. */
  private void assertToldAlikeAfterARestart(CriPods pods, CriPods.Pod pod) {
    assertStatusToldAlike(pods, pod);
    assertThat(find(pods.stub(), pod).orElseThrow().getState())
        .isEqualTo(find(statebridge.cri(), pod).orElseThrow().getState());
  }

  private void restartContainerd(Runnable meanwhile) {
    containerd.stop();
    meanwhile.run();
    await().until(() -> !statebridge.status().getSync().getInSync());
    containerd.start();
    statebridge.awaitInSync();
  }

  @Test
  void aPodThatIsMadeAndRemovedThroughTheDaemonIsReadAtOnce() {
    CriPods theirs = containerd.pods();
    try (StatebridgeProcess forwarding =
        StatebridgeProcess.configured(containerd.socket(), "cri_forward = true")) {
      forwarding.start();
      forwarding.awaitInSync();
      CriPods pods = theirs.through(forwarding.channel());

      CriPods.Pod pod = pods.run("forwarded");
      assertThat(status(pods.stub(), pod).getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
      pods.stop(pod);
      assertThat(status(pods.stub(), pod).getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
      pods.remove(pod);
      assertThat(find(pods.stub(), pod)).isEmpty();
    }
  }
}
