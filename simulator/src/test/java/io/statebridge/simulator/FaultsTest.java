package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.tasks.v1.DeleteResponse;
import io.statebridge.proto.containerd.tasks.v1.DeleteTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FaultsTest {
  private static final String VERSION = "Version/Version";
  private static final Duration LONG = Duration.ofMillis(300);

  private final SimulatedContainerd containerd;
  private final Faults faults;
  private final Client client;

  FaultsTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    faults = containerd.faults();
    client = new Client(containerd.socket());
  }

  @AfterEach
  void stop() {
    client.close();
    containerd.close();
  }

  private Status.Code askVersion() {
    return codeOf(() -> client.version().version(Empty.getDefaultInstance()));
  }

  private Status.Code getTask(String id) {
    return codeOf(
        () -> client.tasks("default").get(GetRequest.newBuilder().setContainerId(id).build()));
  }

  private static Status.Code codeOf(Runnable call) {
    try {
      call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  private List<Status.Code> askVersion(int times) {
    List<Status.Code> codes = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      codes.add(askVersion());
    }
    return codes;
  }

  @Test
  void theNextCallsFailAsOftenAsAskedForAndNoOtherCallDoes() {
    containerd.run("default", "web");
    faults.failNext(VERSION, 2, Status.RESOURCE_EXHAUSTED);

    assertThat(getTask("web")).isEqualTo(Status.Code.OK);
    assertThat(askVersion(4))
        .containsExactly(
            Status.Code.RESOURCE_EXHAUSTED,
            Status.Code.RESOURCE_EXHAUSTED,
            Status.Code.OK,
            Status.Code.OK);
  }

  @Test
  void aFailureTellsItsDescription() {
    faults.failNext(VERSION, 1, Status.INTERNAL.withDescription("out of luck"));

    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> client.version().version(Empty.getDefaultInstance()))
        .withMessage("INTERNAL: out of luck");
  }

  @Test
  void callsThatAlwaysFailDoSoUntilHealed() {
    faults.failAlways(VERSION, Status.UNAVAILABLE);

    assertThat(askVersion(3)).containsOnly(Status.Code.UNAVAILABLE);

    faults.heal();

    assertThat(askVersion()).isEqualTo(Status.Code.OK);
  }

  @Test
  void callsThatAlwaysFailDoSoEvenIfOnlySomeWereAskedForBefore() {
    faults.failNext(VERSION, 1, Status.INTERNAL);
    faults.failAlways(VERSION, Status.UNAVAILABLE);

    assertThat(askVersion(3)).containsOnly(Status.Code.UNAVAILABLE);
  }

  @Test
  void callsCanFailForOneContainerOnly() {
    containerd.run("default", "web");
    containerd.run("default", "db");
    faults.failFor("Tasks/Get", "default", "web", Status.UNKNOWN);
    faults.failFor("Tasks/Get", "k8s.io", "db", Status.UNKNOWN);

    assertThat(getTask("web")).isEqualTo(Status.Code.UNKNOWN);
    assertThat(getTask("db")).isEqualTo(Status.Code.OK);

    faults.heal();

    assertThat(getTask("web")).isEqualTo(Status.Code.OK);
  }

  @Test
  void aCallThatHangsIsEndedByTheCallersDeadlineAlone() {
    containerd.run("default", "web");
    containerd.run("default", "db");
    faults.hang(VERSION);
    faults.hangFor("Tasks/Get", "default", "web");

    assertThat(
            codeOf(
                () ->
                    client
                        .version()
                        .withDeadlineAfter(LONG.toMillis(), TimeUnit.MILLISECONDS)
                        .version(Empty.getDefaultInstance())))
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(
            codeOf(
                () ->
                    client
                        .tasks("default")
                        .withDeadlineAfter(LONG.toMillis(), TimeUnit.MILLISECONDS)
                        .get(GetRequest.newBuilder().setContainerId("web").build())))
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(getTask("db")).isEqualTo(Status.Code.OK);

    faults.heal();

    assertThat(askVersion()).isEqualTo(Status.Code.OK);
  }

  @Test
  void aDelayedCallIsCarriedOutAndAnsweredLater() throws Exception {
    containerd.run("default", "web");
    containerd.exit("default", "web", 7);
    Subscription subscription = client.subscribe("topic==\"/tasks/delete\"");
    await().until(() -> containerd.events().subscribers() == 1);
    faults.delay("Tasks/Delete", LONG);
    Instant asked = Instant.now();

    ListenableFuture<DeleteResponse> answer =
        client
            .tasksLater("default")
            .delete(DeleteTaskRequest.newBuilder().setContainerId("web").build());

    Timestamp deleted = subscription.next().getTimestamp();
    assertThat(Instant.ofEpochSecond(deleted.getSeconds(), deleted.getNanos()))
        .isAfterOrEqualTo(asked.plus(LONG));
    assertThat(answer.get(10, TimeUnit.SECONDS).getExitStatus()).isEqualTo(7);
  }

  @Test
  void everyCallIsCountedWhateverBecomesOfIt() {
    assertThat(containerd.calls()).isEmpty();
    faults.failNext(VERSION, 1, Status.INTERNAL);

    askVersion(3);
    getTask("nothing");

    assertThat(containerd.calls()).containsOnly(entry(VERSION, 3), entry("Tasks/Get", 1));
  }

  private static Map.Entry<String, Long> entry(String call, long times) {
    return Map.entry(call, times);
  }
}
