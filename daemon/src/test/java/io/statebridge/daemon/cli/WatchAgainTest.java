package io.statebridge.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code watch} does when its stream ends. */
@Timeout(60)
final class WatchAgainTest {
  private static final Container A = running("a", "2026-01-02T03:00:00Z", 1);
  private static final Container B = running("b", "2026-01-02T03:00:00Z", 2);
  private static final Container C = running("c", "2026-01-02T03:00:00Z", 3);

  /** No watch goes on after that. */
  private static final Status LAST = Status.INTERNAL.withDescription("the last");

  private final Path socket;
  private final FakeDaemon daemon;

  WatchAgainTest(@TempDir Path directory) throws IOException {
    socket = directory.resolve("s.sock");
    daemon = new FakeDaemon(socket);
    daemon.answers(LAST);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private static Container running(String id, String created, long revision) {
    return Container.newBuilder()
        .setNamespace("default")
        .setId(id)
        .setState(ContainerState.CONTAINER_STATE_RUNNING)
        .setPid(42)
        .setCreatedAt(Samples.time(created))
        .setRevision(revision)
        .build();
  }

  private static Container exited(Container container, int code) {
    return container.toBuilder()
        .setState(ContainerState.CONTAINER_STATE_EXITED)
        .setPid(0)
        .setExitCode(code)
        .setFinishedAt(Samples.time("2026-01-02T03:00:05Z"))
        .build();
  }

  private static WatchContainersResponse mark(
      WatchContainersResponse.Type type, String epoch, long revision) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch(epoch)
        .setRevision(revision)
        .build();
  }

  private static WatchContainersResponse of(
      WatchContainersResponse.Type type, String epoch, long revision, Container container) {
    return mark(type, epoch, revision).toBuilder().setContainer(container).build();
  }

  private void beginsWith(String epoch, long revision, Status end, Container... all) {
    List<WatchContainersResponse> messages =
        new ArrayList<>(
            Arrays.stream(all)
                .map(each -> of(WatchContainersResponse.Type.ADDED, epoch, revision, each))
                .toList());
    messages.add(mark(WatchContainersResponse.Type.SYNCED, epoch, revision));
    daemon.first(end, messages.toArray(WatchContainersResponse[]::new));
  }

  /** Type, id, and code if there is one. */
  private static List<String> brief(CommandRun run) {
    return run.out()
        .lines()
        .map(
            line ->
                line.replaceAll(".*\"type\":\"(\\w+)\".*", "$1")
                    + line.replaceAll("^(?!.*\"id\":).*|.*?\"id\":\"(\\w+)\".*", " $1")
                    + (line.contains("\"exitCode\":") && !line.contains("\"exitCode\":null")
                        ? line.replaceAll(".*?\"exitCode\":(\\d+).*", " $1")
                        : ""))
        .map(String::strip)
        .toList();
  }

  private CommandRun watch(String... options) {
    String[] all = new String[options.length + 4];
    System.arraycopy(new String[] {"watch", "-o", "json", "--socket=" + socket}, 0, all, 0, 4);
    System.arraycopy(options, 0, all, 4, options.length);
    return CommandRun.of(all);
  }

  private WatchContainersRequest request(Consumer<WatchContainersRequest.Builder> more) {
    WatchContainersRequest.Builder request =
        WatchContainersRequest.newBuilder().setFilter(ContainerFilter.getDefaultInstance());
    more.accept(request);
    return request.build();
  }

  @Test
  void aStreamThatBreaksIsResumedWithoutAWordOfWhatWasPrinted() {
    beginsWith("e1", 5, Status.UNAVAILABLE, A);
    daemon.first(LAST, of(WatchContainersResponse.Type.MODIFIED, "e1", 6, exited(A, 7)));

    CommandRun run = watch();

    assertThat(brief(run)).containsExactly("ADDED a", "SYNCED", "MODIFIED a 7");
    assertThat(run.err().lines().findFirst().orElseThrow())
        .startsWith("statebridge: note: the watch stopped and goes on when it can: ");
    assertThat(run.err().lines().skip(1)).singleElement().asString().contains("--resume e1:6");
    assertThat(daemon.requests)
        .containsExactly(
            request(r -> {}),
            request(
                r ->
                    r.setResume(
                        WatchContainersRequest.Resume.newBuilder().setEpoch("e1").setRevision(5))));
  }

  @Test
  void afterAGapOnlyWhatIsDifferentIsPrintedExitsAndRemovalsIncluded() {
    beginsWith("e1", 5, Status.OUT_OF_RANGE.withDescription("compacted"), A, B, C);
    Container d = running("d", "2026-01-02T03:01:00Z", 9);
    beginsWith("e1", 9, LAST, A.toBuilder().setRevision(8).build(), exited(B, 7), d);
    daemon.first(
        Status.OK, ListContainersResponse.newBuilder().addContainers(exited(C, 3)).build());

    CommandRun run = watch();

    assertThat(brief(run))
        .containsExactly(
            "ADDED a",
            "ADDED b",
            "ADDED c",
            "SYNCED",
            "MODIFIED b 7",
            "ADDED d",
            "DELETED c 3",
            "SYNCED");
    assertThat(run.err().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .contains("compacted", "what is different now follows");
    assertThat(daemon.requests)
        .containsExactly(
            request(r -> {}),
            request(r -> {}),
            ListContainersRequest.newBuilder()
                .setFilter(ContainerFilter.newBuilder().addIds("c"))
                .setIncludeRemoved(true)
                .build());
  }

  @Test
  void aRestartOfTheDaemonIsOneLineAndANewContainerOfAnIdIsAnother() {
    beginsWith("e1", 5, Status.UNAVAILABLE, A, B);
    daemon.first(Status.UNAVAILABLE);
    daemon.first(Status.OUT_OF_RANGE.withDescription("epoch e1 is over"));
    beginsWith("e2", 2, LAST, running("a", "2026-01-02T03:02:00Z", 1), B);

    CommandRun run = watch();

    assertThat(brief(run))
        .containsExactly("ADDED a", "ADDED b", "SYNCED", "DELETED a", "ADDED a", "SYNCED");
    assertThat(run.err().lines()).hasSize(2);
    assertThat(run.err()).contains("--resume e2:2");
  }

  @Test
  void aListThatBreaksOffIsBegunAgainAndTellsNothingTwice() {
    beginsWith("e1", 5, Status.OUT_OF_RANGE, A, B);
    daemon.first(Status.UNAVAILABLE, of(WatchContainersResponse.Type.ADDED, "e1", 9, exited(A, 7)));
    beginsWith("e1", 9, LAST, exited(A, 7), B);

    CommandRun run = watch();

    assertThat(brief(run))
        .containsExactly("ADDED a", "ADDED b", "SYNCED", "MODIFIED a 7", "SYNCED");
  }

  @Test
  void aWatchThatNeverBeganIsNotTriedAgain() {
    daemon.first(Status.RESOURCE_EXHAUSTED.withDescription("uid 1000 may have 3 calls open"));

    CommandRun run = watch();

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("3 calls open").hasLineCount(1);
    assertThat(daemon.requests).hasSize(1);
  }
}
