package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.Stages.failureOf;
import static io.statebridge.daemon.containerd.Stages.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.daemon.containerd.GrpcContainerRuntime.Deadlines;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GrpcContainerRuntimeTest {
  private static final ContainerId WEB = new ContainerId("default", "web");

  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final GrpcContainerRuntime runtime;

  GrpcContainerRuntimeTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    runtime = new GrpcContainerRuntime(channel);
  }

  @AfterEach
  void stop() {
    channel.close();
    containerd.close();
  }

  @Test
  void containersAreToldAsTheirCreatorDescribedThem() throws Exception {
    containerd.createContainer("default", "web", Map.of("app", "web"));
    containerd.createContainer("default", "db", Map.of());
    containerd.createContainer("k8s.io", "other", Map.of());

    ContainerInfo web = get(runtime.getContainer(WEB));

    assertThat(web.id()).isEqualTo(WEB);
    assertThat(web.image()).isEqualTo("simulated:latest");
    assertThat(web.runtime()).isEqualTo("io.containerd.runc.v2");
    assertThat(web.labels()).containsExactly(Map.entry("app", "web"));
    assertThat(web.createdAt()).isNotNull();
    assertThat(get(runtime.listContainers("default"))).contains(web).hasSize(2);
    assertThat(get(runtime.namespaces())).containsExactly("default", "k8s.io");
  }

  @Test
  void tasksAreToldWithTheirEnd() throws Exception {
    int pid = containerd.run("default", "web");
    TaskInfo running = get(runtime.getTask(WEB));
    Instant endedAt = containerd.exit("default", "web", 3);

    assertThat(running).isEqualTo(new TaskInfo(WEB, TaskInfo.Status.RUNNING, pid, 0, null));
    assertThat(get(runtime.getTask(WEB)))
        .isEqualTo(new TaskInfo(WEB, TaskInfo.Status.STOPPED, pid, 3, endedAt));
    assertThat(get(runtime.listTasks("default"))).containsExactly(get(runtime.getTask(WEB)));
    assertThat(get(runtime.listTasks("k8s.io"))).isEmpty();
  }

  @Test
  void createdAndPausedTasksAreToldApart() throws Exception {
    containerd.createContainer("default", "web", Map.of());
    containerd.createTask("default", "web");
    assertThat(get(runtime.getTask(WEB)).status()).isEqualTo(TaskInfo.Status.CREATED);

    containerd.startTask("default", "web");
    containerd.pause("default", "web");
    assertThat(get(runtime.getTask(WEB)).status()).isEqualTo(TaskInfo.Status.PAUSED);
  }

  @Test
  void aDeleteTakesAnEndedTaskAwayAndNoneIsNotFound() throws Exception {
    containerd.run("default", "web");
    containerd.exit("default", "web", 0);

    get(runtime.deleteTask(WEB));

    assertThat(containerd.hasTask("default", "web")).isFalse();
    assertThat(failureOf(runtime.deleteTask(WEB)).kind()).isEqualTo(Kind.NOT_FOUND);
    assertThat(failureOf(runtime.getTask(WEB)).kind()).isEqualTo(Kind.NOT_FOUND);
    assertThat(failureOf(runtime.getContainer(new ContainerId("default", "no"))).kind())
        .isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void theCriPluginTellsHowItsOwnContainersEnded() throws Exception {
    ContainerStatus ended =
        ContainerStatus.newBuilder()
            .setId("web")
            .setState(ContainerState.CONTAINER_EXITED)
            .setStartedAt(1_700_000_000_000_000_001L)
            .setFinishedAt(1_700_000_001_000_000_002L)
            .setExitCode(9)
            .setReason("OOMKilled")
            .setMessage("out of luck")
            .build();
    containerd.criPluginLoaded(true);
    containerd.criRemembers(ended);
    containerd.criRemembers(ended.toBuilder().setId("lost").setReason("Unknown").build());
    containerd.criRemembers(
        ended.toBuilder().setId("live").setState(ContainerState.CONTAINER_RUNNING).build());

    assertThat(get(runtime.pastRun(new ContainerId("k8s.io", "web"))))
        .isEqualTo(
            new PastRun(
                Instant.ofEpochSecond(1_700_000_000L, 1),
                new Exit(
                    9,
                    Instant.ofEpochSecond(1_700_000_001L, 2),
                    ExitSource.CRI,
                    "OOMKilled",
                    "out of luck")));
    for (String id : List.of("lost", "live", "nobody")) {
      assertThat(failureOf(runtime.pastRun(new ContainerId("k8s.io", id))).kind())
          .isEqualTo(Kind.NOT_FOUND);
    }
    assertThat(failureOf(runtime.pastRun(WEB)).kind()).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void theCriPluginTakesAnIdForAPrefixAndItsAnswerCountsForTheWholeIdAlone() throws Exception {
    containerd.criPluginLoaded(true);
    containerd.criRemembers(ended("web1"));

    assertThat(get(runtime.pastRun(new ContainerId("k8s.io", "web1"))).exit().code()).isEqualTo(7);
    assertThat(failureOf(runtime.pastRun(new ContainerId("k8s.io", "web"))).kind())
        .isEqualTo(Kind.NOT_FOUND);
    assertThat(failureOf(runtime.pastRun(new ContainerId("k8s.io", "web12"))).kind())
        .isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void theCriPluginDoesNotRememberAnIdThatSeveralOfItsContainersBeginWith() {
    containerd.criPluginLoaded(true);
    containerd.criRemembers(ended("web1"));
    containerd.criRemembers(ended("web2"));

    assertThat(failureOf(runtime.pastRun(new ContainerId("k8s.io", "web"))).kind())
        .isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void aCriPluginThatFailsForAContainerThatItListsIsAskedAgain() throws Exception {
    ContainerId web = new ContainerId("k8s.io", "web1");
    containerd.criPluginLoaded(true);
    containerd.criRemembers(ended("web1"));
    containerd.faults().failNext("RuntimeService/ContainerStatus", 1, Status.UNKNOWN);

    assertThat(failureOf(runtime.pastRun(web)).kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(get(runtime.pastRun(web)).exit().code()).isEqualTo(7);
  }

  private static ContainerStatus ended(String id) {
    return ContainerStatus.newBuilder()
        .setId(id)
        .setState(ContainerState.CONTAINER_EXITED)
        .setFinishedAt(1)
        .setExitCode(7)
        .setReason("Error")
        .build();
  }

  @Test
  void aCriPluginThatIsNotThereRemembersNothingAndOneThatFailsMayLater() {
    ContainerId web = new ContainerId("k8s.io", "web");

    assertThat(failureOf(runtime.pastRun(web)).kind()).isEqualTo(Kind.NOT_FOUND);

    for (String call : List.of("ContainerStatus", "ListContainers")) {
      containerd
          .faults()
          .failAlways(
              "RuntimeService/" + call,
              Status.UNKNOWN.withDescription("server is not initialized yet"));
    }
    assertThat(failureOf(runtime.pastRun(web)).kind()).isEqualTo(Kind.TRANSIENT);
  }

  @Test
  void aDeleteOfARunningTaskMayWorkLater() {
    containerd.run("default", "web");

    RuntimeFailure failure = failureOf(runtime.deleteTask(WEB));

    assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(failure).hasMessageContaining("Tasks/Delete: UNKNOWN: failed to delete task");
  }

  @Test
  void aFailedCallTellsItsNameAndItsKind() {
    containerd.faults().failAlways("Version/Version", Status.UNIMPLEMENTED);

    RuntimeFailure failure = failureOf(runtime.version());

    assertThat(failure).hasMessageStartingWith("Version/Version: UNIMPLEMENTED");
    assertThat(failure.kind()).isEqualTo(Kind.PERMANENT);
  }

  @Test
  void whatMakesNoSenseHidesNothingElse() throws Exception {
    containerd.createContainer("default", "", Map.of());
    containerd.createContainer("default", "web", Map.of());

    assertThat(get(runtime.listContainers("default")))
        .extracting(ContainerInfo::id)
        .containsExactly(WEB);
  }

  /** And so longer than one message may be. */
  @Test
  void aNodeMayHaveAsManyContainersAsItLikes() throws Exception {
    String value = "x".repeat(1 << 20);
    for (int i = 0; i < 20; i++) {
      containerd.createContainer("default", "web-" + i, Map.of("large", value));
    }

    assertThat(get(runtime.listContainers("default"))).hasSize(20);
  }

  @Test
  void theVersionAndTheCriPluginAreAsked() throws Exception {
    boolean before = get(runtime.criPluginLoaded());
    containerd.criPluginLoaded(true);

    assertThat(get(runtime.version())).isEqualTo(SimulatedContainerd.VERSION);
    assertThat(before).isFalse();
    assertThat(get(runtime.criPluginLoaded())).isTrue();
  }

  @Test
  void aSocketThatIsNotThereMayComeAndIsToldApart(@TempDir Path elsewhere) {
    Path nowhere = elsewhere.resolve("none.sock");
    try (ContainerdChannel toNowhere = ContainerdChannel.to(nowhere)) {
      RuntimeFailure failure = failureOf(new GrpcContainerRuntime(toNowhere).version());

      assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
      assertThat(failure)
          .hasMessage(
              "Version/Version: UNAVAILABLE: io exception"
                  + " (the socket is not there: is containerd running?)");
    }
  }

  @Test
  void theConnectionIsMadeAgainOnceContainerdIsBack() throws Exception {
    get(runtime.version());
    containerd.stop();
    assertThat(failureOf(runtime.version()).kind()).isEqualTo(Kind.UNREACHABLE);

    containerd.restart();

    await()
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(() -> get(runtime.version()).equals(SimulatedContainerd.VERSION));
  }

  @Test
  void aCallThatIsNotAnsweredIsGivenUp() {
    Duration soon = Duration.ofMillis(50);
    Duration never = Duration.ofDays(1);
    containerd.createContainer("default", "web", Map.of());
    List.of("Tasks/Get", "Tasks/List", "Tasks/Delete", "Containers/ListStream")
        .forEach(containerd.faults()::hang);

    assertGivenUp(with(new Deadlines(soon, never, never)).getTask(WEB));
    assertGivenUp(with(new Deadlines(soon, never, never)).listTasks("default"));
    assertGivenUp(with(new Deadlines(never, soon, never)).listContainers("default"));
    assertGivenUp(with(new Deadlines(never, never, soon)).deleteTask(WEB));
  }

  private GrpcContainerRuntime with(Deadlines deadlines) {
    return new GrpcContainerRuntime(channel, deadlines);
  }

  private static void assertGivenUp(CompletionStage<?> stage) {
    RuntimeFailure failure = failureOf(stage);
    assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(failure).hasMessageContaining("DEADLINE_EXCEEDED");
  }

  @Test
  void anAnswerMayBeAsLargeAsContainerdsLimit() throws Exception {
    // Far above gRPC's own default of 4 MiB.
    String value = "x".repeat(15 << 20);
    containerd.createContainer("default", "web", Map.of("large", value));

    assertThat(get(runtime.getContainer(WEB)).labels()).containsEntry("large", value);
  }
}
