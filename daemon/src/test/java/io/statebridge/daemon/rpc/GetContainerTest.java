package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.exited;
import static io.statebridge.daemon.rpc.Samples.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.GetContainerResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GetContainerTest {
  private final Api api;

  GetContainerTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private Container get(String namespace, String id) {
    return call(namespace, id).getContainer();
  }

  private GetContainerResponse call(String namespace, String id) {
    return api.call()
        .getContainer(GetContainerRequest.newBuilder().setNamespace(namespace).setId(id).build());
  }

  private Container find(String namespace, String prefix) {
    return api.call()
        .getContainer(
            GetContainerRequest.newBuilder()
                .setNamespace(namespace)
                .setId(prefix)
                .setMatchPrefix(true)
                .build())
        .getContainer();
  }

  @Test
  void aContainerIsFoundByItsId() {
    api.store.create(created("web"));

    GetContainerResponse response = call("default", "web");

    assertThat(response.getContainer().getNamespace()).isEqualTo("default");
    assertThat(response.getContainer().getId()).isEqualTo("web");
    assertThat(response.getContainer().getRevision()).isEqualTo(1);
    assertThat(response.getEpoch()).isEqualTo(Api.EPOCH);
  }

  @Test
  void aRemovedContainerIsFoundUnlessAnotherFits() {
    api.store.create(exited("job-1"));
    api.store.delete(id("job-1"));

    assertThat(get("default", "job-1").getExitCode()).isEqualTo(3);
    assertThat(get("default", "job-1").hasRemovedAt()).isTrue();
    assertThat(find("", "job").getId()).isEqualTo("job-1");

    api.store.create(created("job-2"));
    assertThat(find("", "job").getId()).isEqualTo("job-2");
    assertThat(find("", "job").hasRemovedAt()).isFalse();
    assertThat(find("", "job-1").getExitCode()).isEqualTo(3);

    api.store.create(created("job-1-again"));
    assertThat(find("", "job-1").getExitCode()).isEqualTo(3);
  }

  @Test
  void theNamespaceMayBeLeftOutIfOnlyOneHasTheId() {
    api.store.create(created("web"));

    assertThat(get("", "web").getNamespace()).isEqualTo("default");
  }

  @Test
  void anIdIsNoPrefixUnlessItIsAskedFor() {
    api.store.create(exited("job-2"));

    assertFails(Code.NOT_FOUND, "no container 'job'", () -> get("", "job"));
    assertFails(Code.NOT_FOUND, "no container 'job' in default", () -> get("default", "job"));
    api.store.delete(id("job-2"));
    assertFails(Code.NOT_FOUND, "no container 'job'", () -> get("", "job"));
  }

  @Test
  void aPrefixThatOnlyOneContainerHasIsEnoughIfItIsAskedFor() {
    api.store.create(created("abc123"));
    api.store.create(created("abd456"));
    api.store.create(created(new ContainerId("k8s.io", "abc999"), Map.of(), ""));

    assertThat(find("default", "abc").getId()).isEqualTo("abc123");
    assertThat(find("", "abd").getId()).isEqualTo("abd456");
    assertThat(find("k8s.io", "a").getId()).isEqualTo("abc999");
  }

  @Test
  void aWholeIdIsFoundThoughOthersBeginWithIt() {
    api.store.create(created("web"));
    api.store.create(created("web-2"));

    assertThat(get("default", "web").getId()).isEqualTo("web");
    assertThat(find("default", "web").getId()).isEqualTo("web");
    assertThat(find("", "web").getId()).isEqualTo("web");
  }

  @Test
  void aPrefixOfSeveralIsToldWithSomeOfThem() {
    for (int i = 1; i <= 7; i++) {
      api.store.create(created("web-" + i));
    }

    assertFails(
        Code.INVALID_ARGUMENT,
        "id 'web' matches 7 containers, such as default/web-1, default/web-2, default/web-3,"
            + " default/web-4, default/web-5",
        () -> find("default", "web"));
  }

  @Test
  void theSameIdInTwoNamespacesNeedsTheNamespace() {
    api.store.create(created("web"));
    api.store.create(created(new ContainerId("k8s.io", "web"), Map.of(), ""));

    assertFails(
        Code.INVALID_ARGUMENT,
        "id 'web' matches 2 containers, such as default/web, k8s.io/web",
        () -> get("", "web"));
    assertThat(get("k8s.io", "web").getNamespace()).isEqualTo("k8s.io");
  }

  @Test
  void aContainerThatIsNotThereIsNotFound() {
    api.store.create(created("web"));

    assertFails(Code.NOT_FOUND, "no container 'webb'", () -> get("", "webb"));
    assertFails(Code.NOT_FOUND, "no container 'web' in k8s.io", () -> get("k8s.io", "web"));

    api.store.delete(id("web"));

    assertFails(Code.NOT_FOUND, "no container 'web' in default", () -> get("default", "web"));
  }

  @Test
  void anIdIsRequired() {
    api.store.create(created("web"));

    assertFails(Code.INVALID_ARGUMENT, "id is required", () -> get("default", ""));
    assertFails(Code.INVALID_ARGUMENT, "id is required", () -> get("", ""));
  }

  @Test
  void anIdOrANamespaceThatIsTooLongIsRefusedAndNotRepeated() {
    String longest = "\u00fc".repeat(256);

    assertFails(Code.NOT_FOUND, longest, () -> get("", longest));
    assertFails(
        Code.INVALID_ARGUMENT, "id is longer than 256", () -> get("", "x".repeat(16 << 10)));
    assertFails(
        Code.INVALID_ARGUMENT, "namespace is longer than 256", () -> get("x".repeat(257), "web"));
  }
}
