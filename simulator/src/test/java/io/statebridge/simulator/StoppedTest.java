package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import io.statebridge.proto.containerd.tasks.v1.GetResponse;
import io.statebridge.proto.containerd.tasks.v1.ListTasksRequest;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.containerd.types.Status;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are stopped as by SIGSTOP, and go on. */
final class StoppedTest {
  private static final String NS = "default";

  private final SimulatedContainerd containerd;
  private final Client client;

  StoppedTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    client = new Client(containerd.socket());
    containerd.run(NS, "web");
  }

  @AfterEach
  void stop() {
    client.close();
    containerd.close();
  }

  private ListenableFuture<GetResponse> get() {
    return client.tasksLater(NS).get(GetRequest.newBuilder().setContainerId("web").build());
  }

  @Test
  void whatAStoppedContainerdIsAskedItAnswersWhenItGoesOn() throws Exception {
    containerd.freeze();
    ListenableFuture<GetResponse> asked = get();
    await().until(() -> containerd.calls().getOrDefault("Tasks/Get", 0L) == 1);
    assertThat(asked.isDone()).isFalse();

    containerd.thaw();

    assertThat(asked.get().getProcess().getStatus()).isEqualTo(Status.RUNNING);
  }

  @Test
  void whatHappensWhileContainerdIsStoppedIsToldInOrderToWhoSubscribedBefore() throws Exception {
    Subscription before = client.subscribe("topic==\"/tasks/exit\"");
    await().until(() -> containerd.events().subscribers() == 1);
    containerd.freeze();
    Subscription during = client.subscribe("topic==\"/tasks/exit\"");
    await().until(() -> containerd.calls().getOrDefault("Events/Subscribe", 0L) == 2);
    containerd.run(NS, "db");
    containerd.exit(NS, "db", 1);
    containerd.exit(NS, "web", 2);

    containerd.thaw();
    await().until(() -> containerd.events().subscribers() == 2);
    containerd.run(NS, "late");
    containerd.exit(NS, "late", 3);

    for (int code = 1; code <= 3; code++) {
      assertThat(TaskExit.parseFrom(before.next().getEvent().getValue()).getExitStatus())
          .isEqualTo(code);
    }
    assertThat(TaskExit.parseFrom(during.next().getEvent().getValue()).getExitStatus())
        .isEqualTo(3);
  }

  @Test
  void aShimThatIsStoppedIsLeftOutOfTheListAndNobodyIsAnsweredForIt() throws Exception {
    containerd.freezeShim(NS, "web");
    ListenableFuture<GetResponse> asked = get();

    Process listed =
        client.tasks(NS).list(ListTasksRequest.getDefaultInstance()).getTasksList().getFirst();

    assertThat(listed.getStatus()).isEqualTo(Status.UNKNOWN);
    assertThat(asked.isDone()).isFalse();
    containerd.thawShim(NS, "web");
    assertThat(asked.get().getProcess().getStatus()).isEqualTo(Status.RUNNING);
  }
}
