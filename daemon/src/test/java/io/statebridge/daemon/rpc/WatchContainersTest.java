package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.ended;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.paused;
import static io.statebridge.daemon.rpc.Samples.running;
import static io.statebridge.daemon.rpc.Samples.stored;
import static io.statebridge.daemon.rpc.Samples.withTask;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.ADDED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.DELETED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.MODIFIED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.PROGRESS;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.SYNCED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import io.grpc.Status.Code;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.proto.v1.WatchOutOfRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ListAssert;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WatchContainersTest {
  private static final int LOG_CAPACITY = 16;

  private final Api api;

  WatchContainersTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory, LOG_CAPACITY);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private static WatchContainersRequest.Builder request() {
    return WatchContainersRequest.newBuilder();
  }

  private static WatchContainersRequest.Resume after(String epoch, long revision) {
    return WatchContainersRequest.Resume.newBuilder().setEpoch(epoch).setRevision(revision).build();
  }

  private Watcher resume(String epoch, long revision) {
    return api.watch(request().setResume(after(epoch, revision)).build());
  }

  private Watcher watch(ContainerFilter.Builder filter) {
    return api.watch(request().setFilter(filter).build());
  }

  private void commit(int times) {
    for (int i = 0; i < times; i++) {
      if (api.store.create(created("busy")).isEmpty()) {
        api.store.update(id("busy"), Samples::touched);
      }
    }
  }

  private static ListAssert<Tuple> assertTold(List<WatchContainersResponse> messages) {
    return assertThat(
        messages.stream()
            .map(m -> tuple(m.getType(), m.getRevision(), m.getContainer().getId()))
            .toList());
  }

  @Test
  void aWatchBeginsWithAllThereIsThenAMarkThenWhatChanges() throws Exception {
    api.store.create(created("b"));
    api.store.create(created("a"));
    Watcher watcher = api.watch();
    List<WatchContainersResponse> initial = watcher.next(3);

    api.store.create(created("c"));
    api.store.update(id("c"), c -> withTask(c, 42));
    api.store.delete(id("a"));
    List<WatchContainersResponse> live = watcher.next(3);

    assertTold(initial)
        .containsExactly(tuple(ADDED, 0L, "a"), tuple(ADDED, 0L, "b"), tuple(SYNCED, 2L, ""));
    assertTold(live)
        .containsExactly(tuple(ADDED, 3L, "c"), tuple(MODIFIED, 4L, "c"), tuple(DELETED, 5L, "a"));
    assertThat(initial).extracting(WatchContainersResponse::getEpoch).containsOnly(Api.EPOCH);
    assertThat(live).extracting(WatchContainersResponse::getEpoch).containsOnly(Api.EPOCH);
    assertThat(initial.get(2).hasSync()).isTrue();
    assertThat(initial.get(2).hasContainer()).isFalse();
    assertThat(live.get(1).getContainer().getPid()).isEqualTo(42);
  }

  @Test
  void aWatchOfNothingIsSyncedAtOnce() throws Exception {
    assertTold(api.watch().next(1)).containsExactly(tuple(SYNCED, 0L, ""));
  }

  @Test
  void whatIsDeletedComesWithItsLastRecord() throws Exception {
    api.store.create(running("web"));
    Watcher watcher = api.watch();
    watcher.next(2);

    api.store.delete(id("web"));

    WatchContainersResponse deleted = watcher.next();
    assertThat(deleted.getType()).isEqualTo(DELETED);
    assertThat(deleted.getContainer()).isEqualTo(Protos.container(stored(running("web"), 1)));
  }

  @Test
  void aContainerThatBeginsToMatchIsAddedAndOneThatCeasesToIsDeleted() throws Exception {
    Watcher watcher =
        watch(ContainerFilter.newBuilder().addStates(ContainerState.CONTAINER_STATE_RUNNING));
    watcher.next(1);

    api.store.create(created("web"));
    api.store.update(id("web"), c -> withTask(c, 42));
    api.store.update(id("web"), c -> running(c));
    api.store.update(id("web"), c -> paused(c));
    api.store.update(id("web"), c -> ended(c, EXIT));
    api.store.delete(id("web"));
    api.store.create(running("last"));

    List<WatchContainersResponse> told = watcher.next(4);
    assertTold(told)
        .containsExactly(
            tuple(ADDED, 3L, "web"),
            tuple(MODIFIED, 4L, "web"),
            tuple(DELETED, 5L, "web"),
            tuple(ADDED, 7L, "last"));
    assertThat(told.get(2).getContainer().getState())
        .isEqualTo(ContainerState.CONTAINER_STATE_EXITED);
    assertThat(told.get(2).getContainer().getExitCode()).isEqualTo(3);
  }

  @Test
  void aFilterAppliesToWhatIsThereAtTheBeginningToo() throws Exception {
    api.store.create(created("new"));
    api.store.create(running("web"));

    Watcher watcher =
        watch(ContainerFilter.newBuilder().addStates(ContainerState.CONTAINER_STATE_RUNNING));

    assertTold(watcher.next(2)).containsExactly(tuple(ADDED, 0L, "web"), tuple(SYNCED, 2L, ""));
  }

  @Test
  void aWatchFromAListSeesEveryLaterChangeAndNothingTwice() throws Exception {
    commit(3);
    ListContainersResponse list =
        api.call().listContainers(ListContainersRequest.getDefaultInstance());
    commit(2);

    Watcher watcher = resume(list.getEpoch(), list.getRevision());
    List<WatchContainersResponse> missed = watcher.next(2);
    commit(1);

    assertTold(missed).containsExactly(tuple(MODIFIED, 4L, "busy"), tuple(MODIFIED, 5L, "busy"));
    assertTold(watcher.next(1)).containsExactly(tuple(MODIFIED, 6L, "busy"));
    assertThat(watcher.rest()).isEmpty();
  }

  @Test
  void whoeverResumesFromAnyMessageThatHasARevisionMissesNothing() throws Exception {
    api.store.create(created("a"));
    api.store.create(created("b"));
    List<WatchContainersResponse> told = api.watch().next(3);

    for (WatchContainersResponse message : told) {
      boolean mayMissOthers = message.getRevision() > 0 && message.getType() != SYNCED;
      assertThat(mayMissOthers).isFalse();
    }
    // One that takes the 0 for a revision all the same is told all from the beginning.
    assertTold(resume(Api.EPOCH, told.getFirst().getRevision()).next(2))
        .containsExactly(tuple(ADDED, 1L, "a"), tuple(ADDED, 2L, "b"));
  }

  @Test
  void aWatchCanResumeFromTheOldestRevisionInTheLogAndNoEarlier() throws Exception {
    commit(LOG_CAPACITY + 4);

    assertThat(resume(Api.EPOCH, 4).next(LOG_CAPACITY))
        .extracting(WatchContainersResponse::getRevision)
        .startsWith(5L)
        .endsWith(20L);
    assertThat(resume(Api.EPOCH, 3).outOfRange())
        .isEqualTo(
            WatchOutOfRange.newBuilder()
                .setEpoch(Api.EPOCH)
                .setCompactRevision(4)
                .setCurrentRevision(20)
                .build());
  }

  @Test
  void theFutureCannotBeResumedFrom() throws Exception {
    commit(2);

    Watcher watcher = resume(Api.EPOCH, 3);

    assertThat(watcher.outOfRange())
        .isEqualTo(WatchOutOfRange.newBuilder().setEpoch(Api.EPOCH).setCurrentRevision(2).build());
    assertThat(watcher.end().getDescription()).contains("revision 3", "list again");
  }

  @Test
  void anotherEpochCannotBeResumedFrom() throws Exception {
    commit(2);

    Watcher watcher = resume("e0", 1);

    assertThat(watcher.outOfRange())
        .isEqualTo(WatchOutOfRange.newBuilder().setEpoch(Api.EPOCH).setCurrentRevision(2).build());
    assertThat(watcher.end().getDescription()).contains("epoch e0 is over", "list again");
  }

  @Test
  void aRequestThatMakesNoSenseIsToldByItsField() throws Exception {
    assertInvalid(resume("", 1), "resume.epoch is required");
    assertInvalid(resume("e".repeat(5000), 1), "resume.epoch is longer than 256 characters");
    assertInvalid(resume(Api.EPOCH, -1), "resume.revision is too large");
    assertInvalid(watch(ContainerFilter.newBuilder().addIds("")), "filter.ids");
  }

  private static void assertInvalid(Watcher watcher, String description) throws Exception {
    assertThat(watcher.end().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(watcher.end().getDescription()).contains(description);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0, 99999999",
    "-1, 0",
    "3600, 1",
    "3601, 0",
    "9223372036854775807, 999999999",
    "-9223372036854775808, 0"
  })
  void aProgressIntervalBeyondItsLimitsIsToldThem(long seconds, int nanos) throws Exception {
    assertInvalid(
        api.watch(request().setProgressInterval(interval(seconds, nanos)).build()),
        "progress_interval must be from 0.1 s to 1 h");
  }

  @ParameterizedTest
  @CsvSource({"1, -950000000", "0, 1000000000", "1, 2147483647", "0, -2147483648"})
  void aProgressIntervalThatIsNoValidDurationIsRefused(long seconds, int nanos) throws Exception {
    assertInvalid(
        api.watch(request().setProgressInterval(interval(seconds, nanos)).build()),
        "progress_interval must have from 0 to 999999999 nanos");
  }

  @ParameterizedTest
  @CsvSource({"0, 100000000", "3600, 0"})
  void aProgressIntervalMayBeAtItsLimits(long seconds, int nanos) throws Exception {
    Watcher watcher = api.watch(request().setProgressInterval(interval(seconds, nanos)).build());

    assertThat(watcher.next().getType()).isEqualTo(SYNCED);
  }

  private static Duration interval(long seconds, int nanos) {
    return Duration.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  @Test
  void aSilentStreamSaysHowFarItHasComeThoughNothingMatched() throws Exception {
    Watcher watcher =
        api.watch(
            request()
                .setFilter(ContainerFilter.newBuilder().addIds("web"))
                .setProgressInterval(interval(0, 100_000_000))
                .build());
    watcher.next(1);
    commit(5);

    WatchContainersResponse mark = watcher.next();
    while (mark.getRevision() < 5) {
      assertThat(mark.getType()).isEqualTo(PROGRESS);
      mark = watcher.next();
    }

    assertThat(mark.getType()).isEqualTo(PROGRESS);
    assertThat(mark.getRevision()).isEqualTo(5);
    assertThat(mark.hasSync()).isTrue();
    assertThat(mark.hasContainer()).isFalse();
    assertTold(resumeAndCommit(mark)).containsExactly(tuple(MODIFIED, 6L, "busy"));
  }

  private List<WatchContainersResponse> resumeAndCommit(WatchContainersResponse mark)
      throws InterruptedException {
    Watcher watcher = resume(mark.getEpoch(), mark.getRevision());
    commit(1);
    return watcher.next(1);
  }

  @Test
  void aWatcherThatLeavesIsForgotten() throws Exception {
    Watcher watcher = api.watch();
    watcher.next(1);
    assertThat(watchers()).isEqualTo(1);

    watcher.cancel();

    await().until(() -> watchers() == 0);
  }

  @Test
  void watchersThatWereRefusedAreForgotten() throws Exception {
    resume(Api.EPOCH, 99).outOfRange();
    resume("e0", 1).outOfRange();

    await().until(() -> watchers() == 0);
  }

  private int watchers() {
    return api.call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance()).getWatchers();
  }
}
