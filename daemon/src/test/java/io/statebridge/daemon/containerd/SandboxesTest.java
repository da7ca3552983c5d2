package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.Stages.get;
import static io.statebridge.daemon.containerd.Stages.kindOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.simulator.Sandboxes;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.Mockito;

final class SandboxesTest {
  private static final String CRI = ContainerRuntime.CRI_NAMESPACE;
  private static final ContainerId POD = new ContainerId(CRI, "pod");

  private final SimulatedContainerd containerd;
  private final Sandboxes sandboxes;
  private final ContainerdChannel channel;
  private final GrpcContainerRuntime runtime;
  private final ExitWaiter waiter;

  SandboxesTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    sandboxes = containerd.sandboxes();
    sandboxes.serve(true);
    channel = ContainerdChannel.to(containerd.socket());
    runtime = new GrpcContainerRuntime(channel);
    waiter = new ContainerdExitWaiter(channel, runtime);
  }

  @AfterEach
  void stop() {
    channel.close();
    containerd.close();
  }

  private List<ContainerId> listed() throws Exception {
    return get(runtime.listContainers(CRI)).stream().map(ContainerInfo::id).toList();
  }

  private List<TaskInfo> tasks() throws Exception {
    return get(runtime.listTasks(CRI));
  }

  private long calls(String name) {
    return containerd.calls().getOrDefault(name, 0L);
  }

  private void run(int pid) throws Exception {
    sandboxes.create(CRI, "pod", "{}");
    sandboxes.start(CRI, "pod", pid);
    listed();
  }

  @Test
  void aSandboxIsToldAsAContainerOfItsKind() throws Exception {
    sandboxes.create(CRI, "pod", "{\"Version\":\"v1\"}");

    ContainerInfo info = get(runtime.getContainer(POD));

    assertThat(info.id()).isEqualTo(POD);
    assertThat(info.runtime()).isEqualTo("io.containerd.simulated.v2");
    assertThat(info.isSandbox()).isTrue();
    assertThat(info.labels()).containsEntry("name", "pod");
    assertThat(info.createdAt()).isNotNull();
    assertThat(info.criMetadata()).isEqualTo("{\"Version\":\"v1\"}");
    assertThat(get(runtime.listContainers(CRI))).containsExactly(info);
  }

  @Test
  void itsTaskRunsAsLongAsItIsReady() throws Exception {
    run(4711);
    TaskInfo running = get(runtime.getTask(POD));
    List<TaskInfo> listed = tasks();
    Instant endedAt = sandboxes.end(CRI, "pod", 3);

    assertThat(running).isEqualTo(new TaskInfo(POD, TaskInfo.Status.RUNNING, 4711, 0, null));
    assertThat(listed).containsExactly(running);
    assertThat(tasks()).isEmpty();
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(get(runtime.pastRun(POD)))
        .isEqualTo(new PastRun(null, new Exit(3, endedAt, ExitSource.LISTED)));
  }

  @Test
  void aReadySandboxWithoutAProcessRunsToo() throws Exception {
    run(0);

    assertThat(get(runtime.getTask(POD)))
        .isEqualTo(new TaskInfo(POD, TaskInfo.Status.RUNNING, 0, 0, null));
  }

  @Test
  void oneThatIsYetToBeStartedHasNoTaskAndHasNotEnded() throws Exception {
    sandboxes.create(CRI, "pod", "{}");
    sandboxes.prepare(CRI, "pod");
    listed();

    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.pastRun(POD))).isEqualTo(Kind.TRANSIENT);
  }

  @Test
  void whenItsShimIsGoneNobodyKnowsHowItEnded() throws Exception {
    run(4711);
    try (ExitWaiter.Wait wait = waiter.open(POD, 4711, "")) {
      await().until(() -> calls("Controller/Wait") == 1);

      sandboxes.lose(CRI, "pod");

      assertThat(kindOf(wait.exit())).isEqualTo(Kind.TRANSIENT);
    }
    assertThat(listed()).containsExactly(POD);
    assertThat(tasks()).isEmpty();
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.pastRun(POD))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void anEndWithoutATimeIsNone() throws Exception {
    run(4711);

    sandboxes.endUntold(CRI, "pod");

    assertThat(kindOf(runtime.pastRun(POD))).isEqualTo(Kind.NOT_FOUND);
    try (ExitWaiter.Wait wait = waiter.open(POD, 4711, "")) {
      assertThat(kindOf(wait.exit())).isEqualTo(Kind.TRANSIENT);
    }
  }

  @Test
  void aSandboxerThatFailsMayAnswerLaterAndOneThatCannotBeAskedNever() throws Exception {
    run(4711);

    containerd.faults().failNext("Controller/Status", 2, Status.INTERNAL);
    assertThat(tasks()).isEmpty();
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.TRANSIENT);

    containerd.faults().failNext("Controller/Status", 1, Status.UNIMPLEMENTED);
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(get(runtime.getTask(POD)).pid()).isEqualTo(4711);
  }

  @Test
  void itsEndAnswersAWaitAtOnceIfItHasHappened() throws Exception {
    run(4711);
    try (ExitWaiter.Wait before = waiter.open(POD, 4711, "")) {
      await().until(() -> calls("Controller/Wait") == 1);

      Instant endedAt = sandboxes.end(CRI, "pod", 137);

      Exit told = get(before.exit());
      assertThat(told).isEqualTo(new Exit(137, endedAt, ExitSource.WAIT));
      try (ExitWaiter.Wait after = waiter.open(POD, 4711, "")) {
        assertThat(get(after.exit())).isEqualTo(told);
      }
    }
    assertThat(calls("Tasks/Wait")).isZero();
  }

  @Test
  void aWaitThatIsGivenUpIsGivenUpAtContainerd() throws Exception {
    run(4711);
    ExitWaiter.Wait wait = waiter.open(POD, 4711, "");
    await().until(() -> sandboxes.waiting(CRI, "pod") == 1);

    wait.close();

    await().until(() -> sandboxes.waiting(CRI, "pod") == 0);
  }

  @Test
  void thoseThatHaveOrWillHaveAContainerAreToldAsThatAlone() throws Exception {
    sandboxes.create(CRI, "pause", "podsandbox", "{}");
    sandboxes.create(CRI, "old", "", "{}");
    sandboxes.create(CRI, "both", "{}");
    containerd.createContainer(CRI, "both", Map.of());

    assertThat(listed()).containsExactly(new ContainerId(CRI, "both"));
    for (String id : List.of("pause", "old")) {
      assertThat(kindOf(runtime.getContainer(new ContainerId(CRI, id)))).isEqualTo(Kind.NOT_FOUND);
    }
    assertThat(get(runtime.getContainer(new ContainerId(CRI, "both"))).isSandbox()).isFalse();
  }

  @Test
  void onlyTheNamespaceOfTheCriIsLookedInForThem() throws Exception {
    sandboxes.create("default", "pod", "{}");
    ContainerId pod = new ContainerId("default", "pod");

    assertThat(get(runtime.listContainers("default"))).isEmpty();
    assertThat(get(runtime.listTasks("default"))).isEmpty();
    assertThat(kindOf(runtime.getContainer(pod))).isEqualTo(Kind.NOT_FOUND);
    assertThat(containerd.calls()).doesNotContainKeys("Store/List", "Store/Get");
  }

  @Test
  void oneThatIsNotListedAnyMoreIsGone() throws Exception {
    run(4711);
    sandboxes.delete(CRI, "pod");

    assertThat(listed()).isEmpty();

    assertThat(tasks()).isEmpty();
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(calls("Controller/Status")).isZero();
  }

  @Test
  void oneThatIsNotFoundAnyMoreIsGone() throws Exception {
    run(4711);
    sandboxes.delete(CRI, "pod");

    assertThat(kindOf(runtime.getContainer(POD))).isEqualTo(Kind.NOT_FOUND);

    assertThat(tasks()).isEmpty();
    assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    assertThat(calls("Controller/Status")).isZero();
  }

  @Test
  void aContainerdThatDoesNotHaveTheServiceIsAskedOnceForEachConnection() throws Exception {
    sandboxes.serve(false);
    containerd.createContainer(CRI, "web", Map.of());

    for (int pass = 0; pass < 3; pass++) {
      assertThat(listed()).hasSize(1);
      assertThat(tasks()).isEmpty();
      assertThat(kindOf(runtime.getContainer(POD))).isEqualTo(Kind.NOT_FOUND);
      assertThat(kindOf(runtime.getTask(POD))).isEqualTo(Kind.NOT_FOUND);
    }
    assertThat(calls("Store/List") + calls("Store/Get")).isEqualTo(1);

    sandboxes.serve(true);
    sandboxes.create(CRI, "pod", "{}");
    runtime.subscribe("/probe", Mockito.mock()).close();
    assertThat(listed()).hasSize(2);
  }

  @Test
  void aNodeWithoutThemPaysOneListForEachPassAndNothingElse() throws Exception {
    containerd.run(CRI, "web");
    ContainerId web = new ContainerId(CRI, "web");

    for (int pass = 0; pass < 3; pass++) {
      listed();
      tasks();
      get(runtime.getContainer(web));
      get(runtime.getTask(web));
    }
    containerd.exit(CRI, "web", 0);
    get(runtime.deleteTask(web));
    assertThat(kindOf(runtime.getTask(web))).isEqualTo(Kind.NOT_FOUND);

    assertThat(calls("Store/List")).isEqualTo(3);
    assertThat(containerd.calls())
        .doesNotContainKeys("Store/Get", "Controller/Status", "Controller/Wait");
  }

  @Test
  void aListOfThemThatFailsFailsThePassUnlessThereCanBeNone() throws Exception {
    containerd.faults().failNext("Store/List", 1, Status.UNKNOWN);
    assertThat(kindOf(runtime.listContainers(CRI))).isEqualTo(Kind.TRANSIENT);

    containerd.faults().failNext("Store/Get", 1, Status.UNKNOWN);
    assertThat(kindOf(runtime.getContainer(POD))).isEqualTo(Kind.TRANSIENT);
  }
}
