package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.containers.v1.GetContainerRequest;
import io.statebridge.proto.containerd.containers.v1.ListContainersRequest;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.namespaces.v1.ListNamespacesRequest;
import io.statebridge.proto.containerd.namespaces.v1.Namespace;
import io.statebridge.proto.containerd.tasks.v1.DeleteResponse;
import io.statebridge.proto.containerd.tasks.v1.DeleteTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import io.statebridge.proto.containerd.tasks.v1.KillRequest;
import io.statebridge.proto.containerd.tasks.v1.ListTasksRequest;
import io.statebridge.proto.containerd.tasks.v1.WaitRequest;
import io.statebridge.proto.containerd.tasks.v1.WaitResponse;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SimulatedContainerdTest {
  private static final String NS = "default";
  private static final Instant YEAR_ONE = Instant.parse("0001-01-01T00:00:00Z");

  private final SimulatedContainerd containerd;
  private final Client client;

  SimulatedContainerdTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    client = new Client(containerd.socket());
  }

  @AfterEach
  void stop() {
    client.close();
    containerd.close();
  }

  private Process task(String id) {
    return client.tasks(NS).get(GetRequest.newBuilder().setContainerId(id).build()).getProcess();
  }

  private List<Process> tasks(String namespace) {
    return client.tasks(namespace).list(ListTasksRequest.getDefaultInstance()).getTasksList();
  }

  private DeleteResponse delete(String id) {
    return client.tasks(NS).delete(DeleteTaskRequest.newBuilder().setContainerId(id).build());
  }

  private ListenableFuture<WaitResponse> waitFor(String id) {
    return client.tasksLater(NS).wait(WaitRequest.newBuilder().setContainerId(id).build());
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  private static void assertFails(Code code, String words, Runnable call) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(call::run)
        .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(code))
        .withMessageContaining(words);
  }

  @Test
  void aCallWithoutANamespaceFails() {
    containerd.run(NS, "web");

    assertFails(
        Code.FAILED_PRECONDITION,
        "namespace is required",
        () -> client.tasks("").get(GetRequest.newBuilder().setContainerId("web").build()));
    assertFails(Code.FAILED_PRECONDITION, "namespace is required", () -> tasks(""));
    assertFails(
        Code.FAILED_PRECONDITION,
        "namespace is required",
        () -> client.containers("").list(ListContainersRequest.getDefaultInstance()));
  }

  @Test
  void whatIsNotOfANamespaceNeedsNone() {
    containerd.run("b", "web");
    containerd.createContainer("a", "web", Map.of());

    assertThat(client.version().version(Empty.getDefaultInstance()).getVersion())
        .isEqualTo(SimulatedContainerd.VERSION);
    assertThat(
            client
                .namespaces()
                .list(ListNamespacesRequest.getDefaultInstance())
                .getNamespacesList())
        .extracting(Namespace::getName)
        .containsExactly("a", "b");
  }

  @Test
  void aNamespaceShowsItsOwnContainersOnly() {
    containerd.createContainer(NS, "web", Map.of("app", "web"));
    containerd.createContainer("k8s.io", "db", Map.of());

    List<Container> containers =
        client.containers(NS).list(ListContainersRequest.getDefaultInstance()).getContainersList();

    assertThat(containers).extracting(Container::getId).containsExactly("web");
    assertThat(containers.getFirst().getLabelsMap()).containsExactly(Map.entry("app", "web"));
    assertFails(
        Code.NOT_FOUND,
        "not found",
        () ->
            client.containers("k8s.io").get(GetContainerRequest.newBuilder().setId("web").build()));
  }

  @Test
  void aTaskThatLivesTellsTheYearOneAndLeavesTheContainerIdEmpty() {
    int pid = containerd.run(NS, "web");

    Process task = task("web");

    assertThat(task.getId()).isEqualTo("web");
    assertThat(task.getContainerId()).isEmpty();
    assertThat(task.getPid()).isEqualTo(pid);
    assertThat(task.getStatus()).isEqualTo(Status.RUNNING);
    assertThat(instant(task.getExitedAt())).isEqualTo(YEAR_ONE);
    assertThat(tasks(NS)).containsExactly(task);
  }

  @Test
  void aTaskGoesThroughItsStatuses() {
    containerd.createContainer(NS, "web", Map.of());
    assertFails(Code.NOT_FOUND, "not found", () -> task("web"));

    containerd.createTask(NS, "web");
    assertThat(task("web").getStatus()).isEqualTo(Status.CREATED);

    containerd.startTask(NS, "web");
    assertThat(task("web").getStatus()).isEqualTo(Status.RUNNING);

    containerd.pause(NS, "web");
    assertThat(task("web").getStatus()).isEqualTo(Status.PAUSED);

    containerd.resume(NS, "web");
    assertThat(task("web").getStatus()).isEqualTo(Status.RUNNING);

    Instant endedAt = containerd.exit(NS, "web", 3);
    assertThat(task("web").getStatus()).isEqualTo(Status.STOPPED);
    assertThat(task("web").getExitStatus()).isEqualTo(3);
    assertThat(instant(task("web").getExitedAt())).isEqualTo(endedAt);
  }

  @Test
  void aRunningOrPausedTaskCannotBeDeleted() {
    containerd.run(NS, "web");
    assertFails(Code.UNKNOWN, "cannot delete a running process", () -> delete("web"));

    containerd.pause(NS, "web");
    assertFails(Code.UNKNOWN, "cannot delete a paused process", () -> delete("web"));

    assertThat(containerd.hasTask(NS, "web")).isTrue();
  }

  @Test
  void anEndedTaskIsDeletedAndTellsItsEnd() {
    int pid = containerd.run(NS, "web");
    Instant endedAt = containerd.exit(NS, "web", 3);

    DeleteResponse answer = delete("web");

    assertThat(answer.getPid()).isEqualTo(pid);
    assertThat(answer.getExitStatus()).isEqualTo(3);
    assertThat(instant(answer.getExitedAt())).isEqualTo(endedAt);
    assertFails(Code.NOT_FOUND, "not found", () -> delete("web"));
  }

  @Test
  void aTaskThatWasNeverStartedIsDestroyedByADelete() {
    containerd.createContainer(NS, "web", Map.of());
    containerd.createTask(NS, "web");

    DeleteResponse answer = delete("web");

    assertThat(instant(answer.getExitedAt())).isEqualTo(YEAR_ONE);
    assertThat(containerd.hasTask(NS, "web")).isFalse();
  }

  @Test
  void aDeleteWithoutATaskOrAContainerFindsNothing() {
    containerd.createContainer(NS, "web", Map.of());

    assertFails(Code.NOT_FOUND, "task web not found", () -> delete("web"));
    assertFails(Code.NOT_FOUND, "container \"other\"", () -> delete("other"));
  }

  @Test
  void aKilledTaskEndsWithTheSignalsCodeOnce() {
    containerd.run(NS, "web");
    KillRequest kill = KillRequest.newBuilder().setContainerId("web").setSignal(9).build();

    client.tasks(NS).kill(kill);

    assertThat(task("web").getExitStatus()).isEqualTo(137);
    assertFails(Code.NOT_FOUND, "already finished", () -> client.tasks(NS).kill(kill));
  }

  @Test
  void aWaitIsAnsweredByTheExit() throws Exception {
    containerd.run(NS, "web");
    ListenableFuture<WaitResponse> answer = waitFor("web");
    await().until(() -> containerd.calls().containsKey("Tasks/Wait"));
    assertThat(answer.isDone()).isFalse();

    Instant endedAt = containerd.exit(NS, "web", 3);

    assertThat(answer.get(10, TimeUnit.SECONDS).getExitStatus()).isEqualTo(3);
    assertThat(instant(answer.get().getExitedAt())).isEqualTo(endedAt);
  }

  @Test
  void aWaitForWhatHasEndedIsAnsweredAtOnce() throws Exception {
    containerd.run(NS, "web");
    containerd.exit(NS, "web", 3);

    assertThat(waitFor("web").get(10, TimeUnit.SECONDS).getExitStatus()).isEqualTo(3);
  }

  @Test
  void aWaitThatWasGivenUpDoesNotDisturbTheExit() throws Exception {
    containerd.run(NS, "web");
    ListenableFuture<WaitResponse> givenUp = waitFor("web");
    ListenableFuture<WaitResponse> answered = waitFor("web");
    await().until(() -> containerd.calls().getOrDefault("Tasks/Wait", 0L) == 2);

    givenUp.cancel(true);
    containerd.exit(NS, "web", 3);

    assertThat(answered.get(10, TimeUnit.SECONDS).getExitStatus()).isEqualTo(3);
  }

  @Test
  void aWaitWithoutATaskFindsNothing() {
    containerd.createContainer(NS, "web", Map.of());

    assertFails(
        Code.NOT_FOUND,
        "task web not found",
        () -> client.tasks(NS).wait(WaitRequest.newBuilder().setContainerId("web").build()));
  }

  @Test
  void eachTransitionHasItsEvent() throws Exception {
    Subscription subscription = subscribe();
    containerd.run(NS, "web");
    containerd.pause(NS, "web");
    containerd.resume(NS, "web");
    containerd.outOfMemory(NS, "web");
    containerd.execExit(NS, "web", "exec-1", 99, 0);
    containerd.exit(NS, "web", 3);
    containerd.deleteTask(NS, "web");
    containerd.deleteContainer(NS, "web");

    assertThat(subscription.topicsUntil("/containers/delete"))
        .containsExactly(
            "/containers/create",
            "/tasks/create",
            "/tasks/start",
            "/tasks/paused",
            "/tasks/resumed",
            "/tasks/oom",
            "/tasks/exit",
            "/tasks/exit",
            "/tasks/delete",
            "/containers/delete");
  }

  @Test
  void aSilentExitIsSeenByAskingOnly() throws Exception {
    containerd.run(NS, "web");
    Subscription subscription = subscribe();

    containerd.exitSilently(NS, "web", 3);
    containerd.outOfMemory(NS, "web");

    assertThat(subscription.topicsUntil("/tasks/oom")).containsExactly("/tasks/oom");
    assertThat(task("web").getStatus()).isEqualTo(Status.STOPPED);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, SimulatedContainerd.DEAD_SHIM_PID})
  void aDeadShimIsForgottenWithAnExitThatIsMadeUp(int pidInEvent) throws Exception {
    containerd.run(NS, "web");
    Subscription subscription = subscribe();

    containerd.killShim(NS, "web", pidInEvent);

    Envelope event = subscription.next();
    TaskExit exit = TaskExit.parseFrom(event.getEvent().getValue());
    assertThat(event.getTopic()).isEqualTo("/tasks/exit");
    assertThat(exit.getPid()).isEqualTo(pidInEvent);
    assertThat(exit.getExitStatus()).isEqualTo(137);
    assertFails(Code.NOT_FOUND, "not found", () -> task("web"));
  }

  private Subscription subscribe() {
    Subscription subscription = client.subscribe();
    await().until(() -> containerd.events().subscribers() == 1);
    return subscription;
  }

  @Test
  void aStopEndsTheStreamsAndWhatHappensThenMakesNoEvent() throws Exception {
    containerd.run(NS, "web");
    Subscription before = subscribe();

    // What was kept back would come late, if it were an event at all.
    containerd.events().hold();
    containerd.stop();
    containerd.exit(NS, "web", 3);

    assertThat(before.end().isOk()).isFalse();

    containerd.restart();
    Subscription after = subscribe();
    containerd.events().releaseReversed();
    containerd.outOfMemory(NS, "web");

    assertThat(after.topicsUntil("/tasks/oom")).containsExactly("/tasks/oom");
  }

  @Test
  void aRestartListsWhatEndedMeanwhileAsStopped() {
    containerd.run(NS, "web");
    containerd.run(NS, "db");
    containerd.stop();
    Instant endedAt = containerd.exit(NS, "web", 3);

    containerd.restart();

    assertThat(tasks(NS))
        .extracting(Process::getId, Process::getStatus, Process::getExitStatus)
        .containsExactly(tuple("web", Status.STOPPED, 3), tuple("db", Status.RUNNING, 0));
    assertThat(instant(task("web").getExitedAt())).isEqualTo(endedAt);
  }

  @Test
  void aNewerContainerdForgetsWhatEndedMeanwhile() {
    containerd.run(NS, "web");
    containerd.run(NS, "db");
    containerd.stop();
    containerd.exit(NS, "web", 3);

    containerd.restartForgettingEndedTasks();

    assertThat(tasks(NS)).extracting(Process::getId).containsExactly("db");
    assertFails(Code.NOT_FOUND, "task web not found", () -> task("web"));
    assertThat(
            client
                .containers(NS)
                .get(GetContainerRequest.newBuilder().setId("web").build())
                .getContainer()
                .getId())
        .isEqualTo("web");
  }

  @Test
  void callsAreCountedAcrossRestarts() {
    containerd.run(NS, "web");
    task("web");

    containerd.restart();
    task("web");

    assertThat(containerd.calls()).containsExactly(Map.entry("Tasks/Get", 2L));
  }
}
