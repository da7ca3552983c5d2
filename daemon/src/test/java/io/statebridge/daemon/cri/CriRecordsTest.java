package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.Signal;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CriRecordsTest {
  private final CriFixture f = new CriFixture(false);

  @AfterEach
  void end() {
    f.close();
  }

  private List<Container> list(ContainerFilter filter) {
    return f.client()
        .listContainers(ListContainersRequest.newBuilder().setFilter(filter).build())
        .getContainersList();
  }

  private List<PodSandbox> pods() {
    return f.client().listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
  }

  private ContainerStatus status(String id) {
    return f.client()
        .containerStatus(ContainerStatusRequest.newBuilder().setContainerId(id).build())
        .getStatus();
  }

  private PodSandboxStatus podStatus(String id) {
    return f.client()
        .podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).build())
        .getStatus();
  }

  private static void assertFails(Status.Code code, String words, ThrowingCallable call) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(code))
        .withMessageContaining(words);
  }

  @Test
  void aContainerOfWhichEventsAloneTellIsNotShown() {
    ContainerInfo events =
        new ContainerInfo(CriSamples.id("web"), "busybox", "runc", Map.of(), "", null);
    f.store.create(ContainerRecord.of(events).withOrphaned(true));

    assertThat(list(ContainerFilter.getDefaultInstance())).isEmpty();
    assertThat(pods()).isEmpty();
    assertFails(Status.Code.NOT_FOUND, "no container \"web\"", () -> status("web"));
  }

  @Test
  void anOrphanThatWasReadIsStillShown() {
    f.store.create(CriSamples.running(CriSamples.container("web", "pod1")).withOrphaned(true));
    f.store.create(CriSamples.running(CriSamples.foreign("own")).withOrphaned(true));

    assertThat(list(ContainerFilter.getDefaultInstance()))
        .extracting(Container::getId)
        .containsExactly("own", "web");
  }

  @Test
  void theReasonOfAnExitIsTheOneThatIsKnown() {
    f.store.create(
        CriSamples.ended(
            CriSamples.running(CriSamples.container("web", "pod1")),
            CriSamples.EXIT.withReason("OOMKilled").withMessage("too greedy")));

    assertThat(status("web").getReason()).isEqualTo("OOMKilled");
    assertThat(status("web").getMessage()).isEqualTo("too greedy");
  }

  @Test
  void anIdMayBeAPrefixThatOnlyOneHas() {
    f.addContainer("abc1", "pod1");
    f.addContainer("abd2", "pod1");
    f.addContainer("ab", "pod1");
    f.addSandbox("pod1");

    assertThat(status("abc").getId()).isEqualTo("abc1");
    assertThat(status("ab").getId()).isEqualTo("ab");
    assertThat(podStatus("p").getMetadata().getName()).isEqualTo("pod1-name");
    assertFails(Status.Code.NOT_FOUND, "3 of them begin", () -> status("a"));
    assertFails(Status.Code.NOT_FOUND, "no container \"x\"", () -> status("x"));
    assertFails(Status.Code.NOT_FOUND, "no container \"pod1\"", () -> status("pod1"));
    assertFails(Status.Code.NOT_FOUND, "no pod sandbox \"ab\"", () -> podStatus("ab"));
    assertFails(Status.Code.INVALID_ARGUMENT, "container id", () -> status(""));
    assertFails(Status.Code.INVALID_ARGUMENT, "pod sandbox id", () -> podStatus(""));
    assertThat(list(ContainerFilter.newBuilder().setPodSandboxId("p").build())).hasSize(3);
    assertThat(list(ContainerFilter.newBuilder().setId("a").build())).isEmpty();
  }

  @Test
  void aContainerThatNoCriMadeIsTheOnlyOneOfItsPod() {
    f.add("mine", "job", Map.of("a", "b"), "", "");
    f.add("theirs", "hidden", Map.of(), "", "");

    ContainerStatus status = status("job");
    assertThat(status.getMetadata().getName()).isEqualTo("job");
    assertThat(status.getImage().getImage()).isEqualTo("image:1");
    assertThat(status.getImageRef()).isEqualTo("image:1");
    assertThat(status.getCreatedAt()).isPositive();
    assertThat(status.getLabelsMap()).containsExactly(Map.entry("a", "b"));
    assertThat(list(ContainerFilter.getDefaultInstance()))
        .extracting(Container::getPodSandboxId)
        .containsExactly("job");
    PodSandboxStatus pod = podStatus("job");
    assertThat(pod.getMetadata().getName()).isEqualTo("job");
    assertThat(pod.getMetadata().getUid()).isEqualTo("job");
    assertThat(pod.getMetadata().getNamespace()).isEqualTo("mine");
    assertThat(pod.getCreatedAt()).isPositive();
    assertThat(pods()).hasSize(1);
  }

  @Test
  void annotationsOfTheSpecSayWhatAnotherCriServerMade() {
    f.add(
        "k8s.io",
        "c1",
        Map.of("own", "label"),
        "",
        """
        {"annotations": {"io.kubernetes.cri.container-type": "container",
                         "io.kubernetes.cri.container-name": "web",
                         "io.kubernetes.cri.image-name": "nginx:1"},
         "process": {"user": {"uid": 7, "gid": 8, "additionalGids": [9, 10]}}}
        """);
    f.add(
        "k8s.io",
        "s1",
        Map.of(),
        "",
        """
        {"annotations": {"io.kubernetes.cri.container-type": "sandbox",
                         "io.kubernetes.cri.sandbox-name": "pod",
                         "io.kubernetes.cri.sandbox-uid": "uid",
                         "io.kubernetes.cri.sandbox-namespace": "ns"}}
        """);

    ContainerStatus status = status("c1");
    assertThat(status.getMetadata().getName()).isEqualTo("web");
    assertThat(status.getImage().getImage()).isEqualTo("nginx:1");
    assertThat(status.getLabelsMap()).containsExactly(Map.entry("own", "label"));
    assertThat(status.getUser().getLinux().getUid()).isEqualTo(7);
    assertThat(status.getUser().getLinux().getSupplementalGroupsList()).containsExactly(9L, 10L);
    assertThat(status.getStopSignal()).isEqualTo(Signal.SIGNAL_SIGTERM);
    assertThat(podStatus("s1").getMetadata().getName()).isEqualTo("pod");
    assertThat(podStatus("s1").getMetadata().getUid()).isEqualTo("uid");
    assertThat(podStatus("s1").getMetadata().getNamespace()).isEqualTo("ns");
    assertThat(pods()).extracting(PodSandbox::getId).containsExactly("s1");
  }

  @Test
  void labelsOfKubernetesSayItTooAndWhatIsMissingIsTheId() {
    f.add(
        "k8s.io",
        "c1",
        Map.of("io.cri-containerd.kind", "container", "io.kubernetes.container.name", "web"),
        "",
        "");
    f.add("k8s.io", "s1", Map.of("io.cri-containerd.kind", "sandbox"), "no JSON", "no JSON");

    assertThat(status("c1").getMetadata().getName()).isEqualTo("web");
    assertThat(status("c1").getLabelsMap()).containsOnlyKeys("io.kubernetes.container.name");
    assertThat(podStatus("s1").getMetadata().getName()).isEqualTo("s1");
    assertThat(podStatus("s1").getMetadata().getNamespace()).isEqualTo("k8s.io");
  }
}
