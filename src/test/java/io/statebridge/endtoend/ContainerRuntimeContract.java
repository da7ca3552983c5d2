package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerEvent.TaskResumed;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.api.TaskUsage;
import io.statebridge.daemon.containerd.ContainerdChannel;
import io.statebridge.daemon.containerd.ContainerdExitWaiter;
import io.statebridge.daemon.containerd.GrpcContainerRuntime;
import io.statebridge.daemon.containerd.GrpcContainerUsage;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What we rely on of containerd, asked of a real one and of the simulated one alike: where they
 * differ, the simulator is wrong.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ContainerRuntimeContract {
  private static final String PROBE = "/statebridge/probe/contract";

  private final ContainerdNode node;
  private final String namespace;
  private final ContainerdChannel channel;
  private final GrpcContainerRuntime runtime;
  private final ExitWaiter waiter;
  private final ContainerUsage usage;

  ContainerRuntimeContract(ContainerdNode node) {
    this.node = node;
    namespace = node.namespace("contract");
    channel = ContainerdChannel.to(node.socket());
    runtime = new GrpcContainerRuntime(channel);
    waiter = new ContainerdExitWaiter(channel, runtime);
    usage = new GrpcContainerUsage(channel);
  }

  @BeforeAll
  void startContainerd() {
    node.startAgain();
  }

  @AfterAll
  void end() throws IOException {
    channel.close();
    node.close();
  }

  /** A subscription, and what it brought. */
  private final class Events implements ContainerRuntime.EventListener, AutoCloseable {
    private final Queue<ContainerEvent> seen = new ConcurrentLinkedQueue<>();
    private final Queue<RuntimeFailure> ends = new ConcurrentLinkedQueue<>();
    private final ContainerRuntime.EventStream stream = runtime.subscribe(PROBE, this);

    Events() {
      await("the probe")
          .until(
              () -> {
                get(runtime.publishProbe(PROBE));
                return seen.contains(new Probe(PROBE));
              });
    }

    @Override
    public void next(ContainerEvent event) {
      seen.add(event);
      // Null for what comes while subscribe is under way; the prefetch has room for that.
      if (stream != null) {
        stream.processed();
      }
    }

    @Override
    public void ended(RuntimeFailure why) {
      ends.add(why);
    }

    /** All of one container, once so many have come. */
    List<ContainerEvent> of(ContainerId id, int count) {
      return await("events of " + id)
          .until(
              () ->
                  seen.stream()
                      .filter(e -> e instanceof ContainerEvent.OfContainer c && c.id().equals(id))
                      .toList(),
              events -> events.size() >= count);
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static Kind kindOf(CompletionStage<?> stage) {
    ExecutionException failure = catchThrowableOfType(ExecutionException.class, () -> get(stage));
    if (failure != null && failure.getCause() instanceof RuntimeFailure told) {
      return told.kind();
    }
    throw new AssertionError("no failure of the runtime", failure);
  }

  private ContainerId id(String name) {
    return new ContainerId(namespace, name);
  }

  private ContainerId running(String name) {
    ContainerId id = id(name);
    node.create(id, Map.of());
    node.createTask(id);
    node.startTask(id);
    return id;
  }

  private TaskInfo task(ContainerId id) throws Exception {
    return get(runtime.getTask(id));
  }

  private TaskInfo exited(ContainerId id, int code) {
    node.exit(id, code);
    return await("the end of " + id).until(() -> task(id), task -> task.status() == Status.STOPPED);
  }

  @Test
  void aContainerIsAsItsCreatorDescribedIt() throws Exception {
    ContainerId id = id("described");
    Instant before = Instant.now();
    node.create(id, Map.of("tier", "back"));

    ContainerInfo info = get(runtime.getContainer(id));

    assertThat(info.id()).isEqualTo(id);
    assertThat(info.runtime()).isEqualTo("io.containerd.runc.v2");
    assertThat(info.labels()).containsEntry("tier", "back");
    assertThat(info.sandboxId()).isEmpty();
    assertThat(info.createdAt()).isBetween(before.minusSeconds(1), Instant.now());
    assertThat(get(runtime.listContainers(namespace))).contains(info);
    assertThat(get(runtime.namespaces())).contains(namespace);
    assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void whatIsNotThereIsNotFound() throws Exception {
    ContainerId nobody = id("nobody");

    assertThat(kindOf(runtime.getContainer(nobody))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.getTask(nobody))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.deleteTask(nobody))).isEqualTo(Kind.NOT_FOUND);
    assertThat(get(runtime.listContainers("no-such-namespace"))).isEmpty();
    assertThat(get(runtime.listTasks("no-such-namespace"))).isEmpty();
  }

  @Test
  void aTaskIsCreatedThenRunsThenHasStopped() throws Exception {
    ContainerId id = id("stages");
    node.create(id, Map.of());
    node.createTask(id);
    TaskInfo created = task(id);
    node.startTask(id);
    TaskInfo running = task(id);
    node.pause(id);
    TaskInfo paused = task(id);
    node.resume(id);
    TaskInfo stopped = exited(id, 7);

    assertThat(created.status()).isEqualTo(Status.CREATED);
    assertThat(created.pid()).isPositive();
    assertThat(created.exitedAt()).isNull();
    assertThat(running).isEqualTo(new TaskInfo(id, Status.RUNNING, created.pid(), 0, null));
    assertThat(paused).isEqualTo(new TaskInfo(id, Status.PAUSED, created.pid(), 0, null));
    assertThat(stopped.pid()).isEqualTo(created.pid());
    assertThat(stopped.exitStatus()).isEqualTo(7);
    assertThat(stopped.exitedAt()).isNotNull();
    assertThat(get(runtime.listTasks(namespace))).contains(stopped);
  }

  @Test
  void aRunningTaskIsNotDeletedAndTheFailureMayPass() throws Exception {
    ContainerId id = running("kept");

    assertThat(kindOf(runtime.deleteTask(id))).isIn(Kind.TRANSIENT, Kind.PERMANENT);

    assertThat(task(id).status()).isEqualTo(Status.RUNNING);
  }

  @Test
  void aDeletedTaskIsGoneAndSoItStays() throws Exception {
    ContainerId id = running("deleted");
    exited(id, 0);

    get(runtime.deleteTask(id));

    assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.deleteTask(id))).isEqualTo(Kind.NOT_FOUND);
    assertThat(get(runtime.getContainer(id)).id()).isEqualTo(id);
  }

  @Test
  void deleteDestroysATaskThatWasNotStarted() throws Exception {
    ContainerId id = id("unstarted");
    node.create(id, Map.of());
    node.createTask(id);

    get(runtime.deleteTask(id));

    assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void eachThingThatHappensIsAnEvent() throws Exception {
    ContainerId id = id("told");
    try (Events events = new Events()) {
      node.create(id, Map.of());
      ContainerInfo info = get(runtime.getContainer(id));
      node.createTask(id);
      long pid = task(id).pid();
      node.startTask(id);
      node.pause(id);
      node.resume(id);
      Instant exitedAt = exited(id, 137).exitedAt();
      // An exit is published by the shim on its own time.
      events.of(id, 6);
      get(runtime.deleteTask(id));
      events.of(id, 7);
      node.deleteContainer(id);

      List<ContainerEvent> all = events.of(id, 8);
      assertThat(all)
          .extracting(event -> event.getClass().getSimpleName())
          .containsExactly(
              "ContainerCreated",
              "TaskCreated",
              "TaskStarted",
              "TaskPaused",
              "TaskResumed",
              "Exited",
              "TaskDeleted",
              "ContainerDeleted");
      assertThat(all)
          .contains(
              new ContainerCreated(id, info.image(), info.runtime()),
              new TaskPaused(id),
              new TaskResumed(id),
              new ContainerDeleted(id));
      TaskCreated created = (TaskCreated) all.get(1);
      assertThat(created.pid()).isEqualTo(pid);
      assertThat(created.bundle()).endsWith("/" + namespace + "/told");
      assertThat(((TaskStarted) all.get(2)).pid()).isEqualTo(pid);
      Exited exit = (Exited) all.get(5);
      assertThat(exit.ofInitProcess()).isTrue();
      assertThat(exit.pid()).isEqualTo(pid);
      assertThat(exit.exit().code()).isEqualTo(137);
      assertThat(exit.exit().exitedAt()).isEqualTo(exitedAt);
      TaskDeleted deleted = (TaskDeleted) all.get(6);
      assertThat(deleted.pid()).isEqualTo(pid);
      assertThat(deleted.exit()).extracting(Exit::code).isEqualTo(137);
    }
  }

  @Test
  void theEndOfAnExecIsToldWithTheExecsId() throws Exception {
    ContainerId id = running("execs");
    try (Events events = new Events()) {
      node.exec(id, "x1", 4);

      Exited exit =
          await("the exec's end")
              .until(
                  () ->
                      events.of(id, 1).stream()
                          .filter(Exited.class::isInstance)
                          .map(Exited.class::cast)
                          .toList(),
                  exits -> !exits.isEmpty())
              .getFirst();

      assertThat(exit.ofInitProcess()).isFalse();
      assertThat(exit.processId()).isEqualTo("x1");
      assertThat(exit.exit().code()).isEqualTo(4);
      assertThat(exit.pid()).isNotEqualTo(task(id).pid());
      assertThat(task(id).status()).isEqualTo(Status.RUNNING);
    }
  }

  @Test
  void aWaitIsAnsweredByTheExitAndAtOnceAfterIt() throws Exception {
    ContainerId id = running("waited");
    long pid = task(id).pid();
    try (ExitWaiter.Wait before = waiter.open(id, pid, "")) {
      TaskInfo stopped = exited(id, 9);

      Exit told = get(before.exit());
      assertThat(told.code()).isEqualTo(9);
      assertThat(told.exitedAt()).isEqualTo(stopped.exitedAt());
      assertThat(told.source()).isEqualTo(ExitSource.WAIT);
      try (ExitWaiter.Wait after = waiter.open(id, pid, "")) {
        assertThat(get(after.exit())).isEqualTo(told);
      }
    }
  }

  @Test
  void aWaitForWhatIsNotThereIsNoExit() {
    ContainerId id = running("other");

    assertThat(kindOf(waiter.open(id("nobody"), 1, "").exit())).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(waiter.open(id, 1, "").exit())).isEqualTo(Kind.NOT_FOUND);
  }

  /** A sandbox without a container, if there can be any; a pod's, so in the CRI's namespace. */
  private static ContainerId sandbox(String name) {
    return new ContainerId(ContainerRuntime.CRI_NAMESPACE, name);
  }

  @Test
  void aSandboxWithoutAContainerIsToldLikeOneThatRunsUntilItEnds() throws Exception {
    ContainerId id = sandbox("pod");
    if (!node.hasSandboxers()) {
      assertThat(kindOf(runtime.getContainer(id))).isEqualTo(Kind.NOT_FOUND);
      assertThat(get(runtime.listContainers(id.namespace()))).isEmpty();
      return;
    }
    node.runSandbox(id);

    ContainerInfo info = get(runtime.getContainer(id));
    TaskInfo running = task(id);
    try (ExitWaiter.Wait wait = waiter.open(id, running.pid(), "")) {
      assertThat(get(runtime.listContainers(id.namespace()))).contains(info);
      assertThat(get(runtime.listTasks(id.namespace()))).contains(running);
      node.endSandbox(id, 9);

      Exit told = get(wait.exit());
      assertThat(info.isSandbox()).isTrue();
      assertThat(running.status()).isEqualTo(Status.RUNNING);
      assertThat(running.pid()).isPositive();
      assertThat(told.code()).isEqualTo(9);
      assertThat(told.source()).isEqualTo(ExitSource.WAIT);
      assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.NOT_FOUND);
      Exit remembered = get(runtime.pastRun(id)).exit();
      assertThat(remembered).isEqualTo(new Exit(9, told.exitedAt(), ExitSource.LISTED));
    }
    node.deleteSandbox(id);
    assertThat(kindOf(runtime.getContainer(id))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void aSandboxWhoseShimIsGoneIsThereAndHasNoTask() throws Exception {
    ContainerId id = sandbox("lost");
    if (!node.hasSandboxers()) {
      assertThat(get(runtime.listTasks(id.namespace()))).isEmpty();
      return;
    }
    Instant before = Instant.now();
    node.createSandbox(id, "{\"Version\":\"v1\"}");

    ContainerInfo info = get(runtime.getContainer(id));

    assertThat(info.criMetadata()).isEqualTo("{\"Version\":\"v1\"}");
    assertThat(info.createdAt()).isBetween(before.minusSeconds(1), Instant.now());
    assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(runtime.pastRun(id))).isEqualTo(Kind.NOT_FOUND);
    node.deleteSandbox(id);
    assertThat(get(runtime.listContainers(id.namespace()))).doesNotContain(info);
  }

  @Test
  void aTaskTellsWhatItUsesAndNobodyElseDoes() throws Exception {
    ContainerId id = running("used");
    ContainerId created = id("unused");
    node.create(created, Map.of());

    TaskUsage told = get(usage.task(id));

    assertThat(told.threads()).isEqualTo(1);
    assertThat(told.cpu()).isNotNull();
    assertThat(told.memory()).isNotNull();
    assertThat(kindOf(usage.task(created))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(usage.task(id("nobody")))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(usage.writableLayer(created))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(usage.writableLayer(id("nobody")))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void aContainerdThatStopsEndsStreamsAndWaitsAndItsTasksGoOn() throws Exception {
    ContainerId id = running("survivor");
    TaskInfo before = task(id);
    try (Events events = new Events();
        ExitWaiter.Wait wait = waiter.open(id, before.pid(), "")) {
      node.stop();
      try {
        await("the end of the stream").until(() -> !events.ends.isEmpty());

        // A server that ends may say so, or only go.
        assertThat(events.ends)
            .singleElement()
            .extracting(RuntimeFailure::kind)
            .isIn(Kind.UNREACHABLE, Kind.TRANSIENT);
        assertThat(kindOf(wait.exit())).isIn(Kind.UNREACHABLE, Kind.TRANSIENT);
        assertThat(kindOf(runtime.getTask(id))).isEqualTo(Kind.UNREACHABLE);
      } finally {
        node.startAgain();
        await("containerd")
            .ignoreExceptionsInstanceOf(ExecutionException.class)
            .until(() -> !get(runtime.version()).isEmpty());
      }
    }
    assertThat(task(id)).isEqualTo(before);
  }
}
