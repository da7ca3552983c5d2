package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a watch tells of real containers, as its user reads it. */
final class WatchIT {
  private final Scratch scratch = Scratch.create();
  private final RealContainerd containerd = new RealContainerd();
  private final String bars = containerd.namespace("bars");
  private final ContainerId id = new ContainerId(bars, "one");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(containerd.socket(), "--namespace", bars + ":always");

  @BeforeEach
  void start() {
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterEach
  void end() throws IOException {
    try (scratch;
        containerd) {
      statebridge.close();
    }
  }

  @Test
  void anExitIsAddedThenPendingThenRecordedWithoutAGapAndCanBeResumedFrom() {
    try (WatchProcess watch = watch("all")) {
      watch.await("SYNCED", change -> type(change).equals("SYNCED"));

      // Long enough for its start to be told before its end is.
      containerd.ctr().run(id, "sleep 0.5; exit 7");
      watch.await("the exit", WatchIT::isExited);

      List<JsonNode> changes = ofContainers(watch);
      assertThat(type(changes.getFirst())).isEqualTo("ADDED");
      assertThat(changes.stream().skip(1).map(WatchIT::type)).isNotEmpty().containsOnly("MODIFIED");
      JsonNode pending = changes.stream().filter(WatchIT::isPending).findFirst().orElseThrow();
      assertThat(pending.get("container").get("state").asText()).isEqualTo("RUNNING");
      JsonNode exit = pending.get("container").get("pendingExit");
      assertThat(exit.get("exitCode").asInt(-1)).isEqualTo(7);
      assertThat(exit.get("exitedAt").isTextual()).isTrue();
      JsonNode last = changes.getLast();
      assertThat(isExited(last)).isTrue();
      assertThat(last.get("container").get("exitCode").asInt(-1)).isEqualTo(7);
      assertThat(last.get("container").get("finishedAt")).isEqualTo(exit.get("exitedAt"));
      assertThat(revisions(changes))
          .containsExactlyElementsOf(LongStream.rangeClosed(1, changes.size()).boxed().toList());

      assertResumes(pending, changes);
    }
  }

  private void assertResumes(JsonNode from, List<JsonNode> changes) {
    String point = from.get("epoch").asText() + ":" + from.get("revision").asText();
    try (WatchProcess resumed = watch("resumed", "--resume", point)) {
      resumed.await("the exit", WatchIT::isExited);

      assertThat(ofContainers(resumed))
          .isEqualTo(changes.subList(changes.indexOf(from) + 1, changes.size()));
    }
  }

  @Test
  void aRemovedContainerIsToldWithItsLastRecord() {
    try (WatchProcess watch = watch("all")) {
      containerd.ctr().run(id, "exit 3");
      watch.await("the exit", WatchIT::isExited);

      containerd.ctr().deleteContainer(id);
      JsonNode removed = watch.await("DELETED", change -> type(change).equals("DELETED"));

      assertThat(removed.get("container").get("exitCode").asInt(-1)).isEqualTo(3);
      assertThat(new Records(statebridge).find(id)).isEmpty();
      assertThat(statebridge.cli().json("list").isEmpty()).isTrue();
    }
  }

  private WatchProcess watch(String name, String... options) {
    return WatchProcess.start(statebridge.cli(), scratch.resolve(name), options);
  }

  /** Without the marks. */
  private static List<JsonNode> ofContainers(WatchProcess watch) {
    return watch.changes().stream().filter(change -> !change.get("container").isNull()).toList();
  }

  private static List<Long> revisions(List<JsonNode> changes) {
    return changes.stream().map(change -> change.get("revision").asLong()).toList();
  }

  private static String type(JsonNode change) {
    return change.get("type").asText();
  }

  private static boolean isPending(JsonNode change) {
    return !change.get("container").isNull()
        && !change.get("container").get("pendingExit").isNull();
  }

  private static boolean isExited(JsonNode change) {
    return !change.get("container").isNull()
        && change.get("container").get("state").asText().equals("EXITED");
  }
}
