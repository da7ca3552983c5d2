package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status.Code;
import io.statebridge.proto.containerd.events.TaskCreate;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.v1.Envelope;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.WaitResponse;
import io.statebridge.proto.containerd.tasks.v1.WaitRequest;
import io.statebridge.proto.containerd.types.Status;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShimsTest {
  private static final String NS = "default";

  private final Path directory;
  private final SimulatedContainerd containerd;
  private final Client client;

  ShimsTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    client = new Client(containerd.socket());
  }

  @AfterEach
  void stop() {
    client.close();
    containerd.close();
  }

  private Path bundle(String id) {
    return directory.resolve("io.containerd.runtime.v2.task").resolve(NS).resolve(id);
  }

  private int code(ShimClient shim) throws IOException {
    return shim.answer().getStatus().getCode();
  }

  @Test
  void theCreationOfATaskTellsItsBundle() throws Exception {
    Subscription events = client.subscribe("topic==\"/tasks/create\"");
    await().until(() -> containerd.events().subscribers() == 1);

    containerd.run(NS, "web");

    TaskCreate created = TaskCreate.parseFrom(events.next().getEvent().getValue());
    assertThat(created.getBundle()).isEqualTo(bundle("web").toString());
    assertThat(bundle("web").resolve("address")).exists();
  }

  @Test
  void aShimTellsTheStateAndTheEndAlsoWhileContainerdIsDown() throws Exception {
    int pid = containerd.run(NS, "web");
    containerd.stop();

    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      assertThat(shim.state("web").getPid()).isEqualTo(pid);
      assertThat(shim.state("web").getStatus()).isEqualTo(Status.RUNNING);
      shim.waitFor("web");
      Instant exitedAt = containerd.exit(NS, "web", 7);

      WaitResponse ended = shim.ended();

      assertThat(ended.getExitStatus()).isEqualTo(7);
      assertThat(ended.getExitedAt()).isEqualTo(Timestamps.of(exitedAt));
      shim.waitFor("web");
      assertThat(shim.ended()).isEqualTo(ended);
      assertThat(shim.state("web").getStatus()).isEqualTo(Status.STOPPED);
    }
    assertThat(containerd.calls()).containsEntry("Shim/State", 3L).containsEntry("Shim/Wait", 2L);
  }

  @Test
  void aShimGoesWithItsTask() throws Exception {
    containerd.run(NS, "web");
    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      containerd.exit(NS, "web", 0);
      containerd.deleteTask(NS, "web");

      assertThatExceptionOfType(EOFException.class).isThrownBy(shim::answer);
    }
    assertThat(bundle("web")).doesNotExist();
    assertThat(directory.resolve("s")).isEmptyDirectory();
  }

  @Test
  void aShimOfNewerContainerdsGoesWhenContainerdComesBack() throws Exception {
    containerd.run(NS, "web");
    containerd.run(NS, "db");
    containerd.stop();
    containerd.exit(NS, "web", 3);

    containerd.restartForgettingEndedTasks();

    assertThat(bundle("web")).doesNotExist();
    assertThat(bundle("db")).exists();
    containerd.stop();
    containerd.exit(NS, "db", 3);

    containerd.restart();

    assertThat(bundle("db")).exists();
  }

  @Test
  void nothingIsLeftOnceItIsClosed() {
    containerd.run(NS, "web");
    containerd.run("k8s.io", "db");

    containerd.close();

    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void whatAShimDoesNotOfferOrKnowIsAnError() throws Exception {
    containerd.run(NS, "web");
    StateRequest web = StateRequest.newBuilder().setId("web").build();
    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      shim.ask("State", StateRequest.newBuilder().setId("db").build());
      assertThat(code(shim)).isEqualTo(Code.NOT_FOUND.value());
      shim.ask("Wait", StateRequest.newBuilder().setId("db").build());
      assertThat(code(shim)).isEqualTo(Code.NOT_FOUND.value());
      shim.ask("Delete", web);
      assertThat(code(shim)).isEqualTo(Code.UNIMPLEMENTED.value());
      shim.ask("containerd.task.v3.Task", "State", web);
      assertThat(code(shim)).isEqualTo(Code.UNIMPLEMENTED.value());
    }
    assertThat(containerd.calls()).containsEntry("Shim/Delete", 1L);
  }

  @Test
  void callsGoWrongAsAskedFor() throws Exception {
    containerd.run(NS, "web");
    containerd.faults().failNext("Shim/State", 1, io.grpc.Status.INTERNAL);
    containerd.faults().hang("Shim/Wait");
    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      shim.ask("State", StateRequest.newBuilder().setId("web").build());
      assertThat(code(shim)).isEqualTo(Code.INTERNAL.value());
      shim.waitFor("web");
      containerd.exit(NS, "web", 1);

      // The answer to this one comes, and that to the one before does not.
      assertThat(shim.state("web").getStatus()).isEqualTo(Status.STOPPED);
    }
  }

  @Test
  void connectionsAreDroppedGarbledAndRefused() throws Exception {
    containerd.run(NS, "web");
    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      shim.state("web");
      assertThat(containerd.shims().connections(NS, "web")).isOne();
      containerd.shims().garble(NS, "web");
      assertThatExceptionOfType(IOException.class).isThrownBy(shim::answer);
      containerd.shims().drop(NS, "web");
      await().until(() -> containerd.shims().connections(NS, "web") == 0);
    }
    containerd.shims().refuse(NS, "web", true);
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> ShimClient.of(bundle("web")));

    containerd.shims().refuse(NS, "web", false);

    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      assertThat(shim.state("web").getStatus()).isEqualTo(Status.RUNNING);
    }
  }

  @Test
  void aPodSharesOneShimAndItsDeathIsToldOfOneOnly() throws Exception {
    for (String id : new String[] {"pod", "web"}) {
      containerd.createContainerInPod(NS, id, "pod");
      containerd.createTask(NS, id);
      containerd.startTask(NS, id);
    }
    Subscription events = client.subscribe("topic==\"/tasks/exit\"");
    await().until(() -> containerd.events().subscribers() == 1);
    ListenableFuture<?> waiting =
        client.tasksLater(NS).wait(WaitRequest.newBuilder().setContainerId("web").build());
    await().until(() -> containerd.calls().getOrDefault("Tasks/Wait", 0L) == 1);
    try (ShimClient shim = ShimClient.of(bundle("web"))) {
      assertThat(shim.state("pod").getStatus()).isEqualTo(Status.RUNNING);
      shim.waitFor("web");
      await().until(() -> containerd.calls().getOrDefault("Shim/Wait", 0L) == 1);

      containerd.killShim(NS, "pod", SimulatedContainerd.DEAD_SHIM_PID);

      assertThatExceptionOfType(IOException.class).isThrownBy(shim::answer);
    }
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(waiting::get)
        .withMessageContaining("ttrpc: closed");
    assertThat(exited(events.next())).isEqualTo("pod");
    assertThat(containerd.hasTask(NS, "web")).isFalse();
    containerd.run(NS, "other");
    containerd.exit(NS, "other", 0);
    assertThat(exited(events.next())).isEqualTo("other");
  }

  private static String exited(Envelope envelope) throws InvalidProtocolBufferException {
    return TaskExit.parseFrom(envelope.getEvent().getValue()).getId();
  }

  @Test
  void inAStormEventsComeLate() throws Exception {
    Subscription events = client.subscribe("topic==\"/tasks/exit\"");
    await().until(() -> containerd.events().subscribers() == 1);
    for (int i = 0; i < 5; i++) {
      containerd.run(NS, "c" + i);
    }
    containerd.events().pace(Duration.ofMillis(50));
    Instant before = Instant.now();

    for (int i = 0; i < 5; i++) {
      containerd.exit(NS, "c" + i, 0);
    }

    for (int i = 0; i < 5; i++) {
      events.next();
    }
    assertThat(Instant.now()).isAfterOrEqualTo(before.plusMillis(200));
  }
}
