package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.exited;
import static io.statebridge.daemon.rpc.Samples.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ListContainersTest {
  private final Api api;

  ListContainersTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory);
  }

  @BeforeEach
  void fillTheStore() {
    ContainerId pod = new ContainerId("k8s.io", "pod1");
    ContainerId web = new ContainerId("k8s.io", "web");
    ContainerId odd = new ContainerId("default", "odd");
    api.store.create(running(created(web, Map.of("app", "web", "tier", "front"), "pod1")));
    api.store.create(running(created(pod, Map.of("app", "web"), "")));
    api.store.create(exited("ended"));
    api.store.create(created("new"));
    api.store.create(running("web"));
    api.store.create(ContainerRecord.of(new ContainerInfo(odd, "", "", Map.of(), "", null)));
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private ListContainersResponse list(ContainerFilter.Builder filter) {
    return api.call().listContainers(ListContainersRequest.newBuilder().setFilter(filter).build());
  }

  private List<String> names(ContainerFilter.Builder filter) {
    return list(filter).getContainersList().stream()
        .map(c -> c.getNamespace() + "/" + c.getId())
        .toList();
  }

  private static ContainerFilter.Builder filter() {
    return ContainerFilter.newBuilder();
  }

  @Test
  void removedContainersComeIfAskedForAndIfTheyMatch() {
    api.store.delete(new ContainerId("default", "ended"));
    ContainerFilter.Builder exited = filter().addStates(ContainerState.CONTAINER_STATE_EXITED);

    assertThat(names(exited)).isEmpty();
    assertThat(withRemoved(exited)).containsExactly("ended");
    assertThat(withRemoved(filter())).startsWith("ended", "new").hasSize(6);
    assertThat(withRemoved(filter().addNamespaces("k8s.io"))).containsExactly("pod1", "web");
  }

  private List<String> withRemoved(ContainerFilter.Builder filter) {
    return api
        .call()
        .listContainers(
            ListContainersRequest.newBuilder().setFilter(filter).setIncludeRemoved(true).build())
        .getContainersList()
        .stream()
        .map(io.statebridge.proto.v1.Container::getId)
        .toList();
  }

  @Test
  void allContainersComeOrderedAndSayWhatTheyAreOf() {
    ListContainersResponse response = list(filter());

    assertThat(names(filter()))
        .containsExactly(
            "default/ended",
            "default/new",
            "default/odd",
            "default/web",
            "k8s.io/pod1",
            "k8s.io/web");
    assertThat(response.getEpoch()).isEqualTo(Api.EPOCH);
    assertThat(response.getRevision()).isEqualTo(6);
    assertThat(response.getSync().getInSync()).isFalse();
    assertThat(response.getSync().hasLastInSyncAt()).isFalse();
  }

  @Test
  void anyOfTheNamespacesMatches() {
    assertThat(names(filter().addNamespaces("k8s.io")))
        .containsExactly("k8s.io/pod1", "k8s.io/web");
    assertThat(names(filter().addNamespaces("k8s.io").addNamespaces("default"))).hasSize(6);
    assertThat(names(filter().addNamespaces("k8s"))).isEmpty();
  }

  @Test
  void anyOfTheIdsMatchesWhole() {
    assertThat(names(filter().addIds("web").addIds("new")))
        .containsExactly("default/new", "default/web", "k8s.io/web");
    assertThat(names(filter().addIds("we"))).isEmpty();
  }

  @Test
  void anyOfTheStatesMatches() {
    assertThat(names(filter().addStates(ContainerState.CONTAINER_STATE_RUNNING)))
        .containsExactly("default/web", "k8s.io/pod1", "k8s.io/web");
    assertThat(names(filter().addStates(ContainerState.CONTAINER_STATE_EXITED)))
        .containsExactly("default/ended");
    assertThat(
            names(
                filter()
                    .addStates(ContainerState.CONTAINER_STATE_CREATED)
                    .addStates(ContainerState.CONTAINER_STATE_UNKNOWN)))
        .containsExactly("default/new", "default/odd");
  }

  @Test
  void allOfTheLabelsMustMatchExactly() {
    assertThat(names(filter().putLabels("app", "web")))
        .containsExactly("k8s.io/pod1", "k8s.io/web");
    assertThat(names(filter().putLabels("app", "web").putLabels("tier", "front")))
        .containsExactly("k8s.io/web");
    assertThat(names(filter().putLabels("app", "we"))).isEmpty();
    assertThat(names(filter().putLabels("app", ""))).isEmpty();
  }

  @Test
  void aSandboxHasItsContainersAndNotItself() {
    assertThat(names(filter().setSandboxId("pod1"))).containsExactly("k8s.io/web");
    assertThat(names(filter().setSandboxId("pod"))).isEmpty();
  }

  @Test
  void everyConditionThatIsGivenMustHold() {
    assertThat(
            names(
                filter()
                    .addNamespaces("default")
                    .addIds("web")
                    .addStates(ContainerState.CONTAINER_STATE_RUNNING)))
        .containsExactly("default/web");
    assertThat(names(filter().addIds("web").putLabels("app", "web").addNamespaces("default")))
        .isEmpty();
  }

  @Test
  void aConditionThatCannotHoldIsToldByItsField() {
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.states must be",
        () -> list(filter().addStates(ContainerState.CONTAINER_STATE_UNSPECIFIED)));
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.states must be CREATED, RUNNING, EXITED or UNKNOWN, not 99",
        () -> list(filter().addStatesValue(99)));
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.namespaces holds an empty namespace",
        () -> list(filter().addNamespaces("default").addNamespaces("")));
    assertFails(
        Code.INVALID_ARGUMENT, "filter.ids holds an empty id", () -> list(filter().addIds("")));
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.labels holds an empty key",
        () -> list(filter().putLabels("", "x")));
  }

  @Test
  void aNameOrALabelThatNoContainerCanHaveIsToldByItsField() {
    String longest = "x".repeat(256);
    String tooLong = longest + "x";

    assertThat(names(filter().addIds(longest).addNamespaces(longest).setSandboxId(longest)))
        .isEmpty();
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.ids holds one that is longer than 256 characters",
        () -> list(filter().addIds("web").addIds(tooLong)));
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.namespaces holds one that is longer than 256 characters",
        () -> list(filter().addNamespaces(tooLong)));
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.sandbox_id is longer than 256 characters",
        () -> list(filter().setSandboxId(tooLong)));
    assertThat(names(filter().putLabels("key", "x".repeat(4093)))).isEmpty();
    assertFails(
        Code.INVALID_ARGUMENT,
        "filter.labels holds one whose key and value are longer than 4096 characters",
        () -> list(filter().putLabels("key", "x".repeat(4094))));
  }
}
