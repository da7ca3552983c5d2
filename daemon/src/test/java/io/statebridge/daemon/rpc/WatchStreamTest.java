package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.ADDED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.MODIFIED;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.PROGRESS;
import static io.statebridge.proto.v1.WatchContainersResponse.Type.SYNCED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.grpc.Status;
import io.statebridge.daemon.stream.FakeCall;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import org.junit.jupiter.api.Test;

/** One stream, step by step: everything runs where it is asked for, and time only when told to. */
final class WatchStreamTest {
  private final ContainerStore store = new ContainerStore("e1", 16);

  {
    store.complete();
  }

  private final OpenCalls openCalls = new OpenCalls();
  private final FakeCall<WatchContainersResponse> call = new FakeCall<>();
  private final List<Runnable> timers = new ArrayList<>();

  private void start(OptionalLong resumeAfter) {
    SyncStatus status =
        new SyncStatus(SyncStatus.Phase.LIVE, Instant.EPOCH, "", "", 0, Instant.EPOCH);
    Filter filter = Filter.of(ContainerFilter.getDefaultInstance());
    new WatchStream(
            store,
            filter,
            call,
            () -> status,
            resumeAfter,
            Duration.ofSeconds(10),
            timer(),
            openCalls,
            Runnable::run)
        .start();
  }

  private ScheduledExecutorService timer() {
    ScheduledExecutorService timer = mock();
    when(timer.scheduleAtFixedRate(any(), anyLong(), anyLong(), any()))
        .thenAnswer(
            invocation -> {
              Runnable task = invocation.getArgument(0);
              timers.add(task);
              ScheduledFuture<?> future = mock();
              when(future.cancel(false)).thenAnswer(cancel -> timers.remove(task));
              return future;
            });
    return timer;
  }

  private void tick() {
    assertThat(timers).hasSize(1);
    timers.getFirst().run();
  }

  private List<WatchContainersResponse.Type> types() {
    return call.sent.stream().map(WatchContainersResponse::getType).toList();
  }

  @Test
  void aStreamThatIsNotReadyIsNotWrittenToAndGoesOnWhenItIs() {
    store.create(created("a"));
    store.create(created("b"));
    call.ready = false;
    start(OptionalLong.empty());
    store.create(created("c"));

    assertThat(call.sent).isEmpty();

    call.becomesReadyFor(1);
    assertThat(types()).containsExactly(ADDED);

    call.becomesReadyFor(10);
    assertThat(types()).containsExactly(ADDED, ADDED, SYNCED, ADDED);
  }

  @Test
  void aStreamThatCarriedSomethingNeedsNoMarkUntilItWasSilentForAnInterval() {
    start(OptionalLong.empty());
    tick();
    assertThat(types()).containsExactly(SYNCED);

    tick();
    assertThat(types()).containsExactly(SYNCED, PROGRESS);

    store.create(created("a"));
    tick();
    assertThat(types()).containsExactly(SYNCED, PROGRESS, ADDED);

    tick();
    assertThat(types()).containsExactly(SYNCED, PROGRESS, ADDED, PROGRESS);
    assertThat(call.sent.getLast().getRevision()).isEqualTo(1);
    assertThat(call.sent.getLast().getSync().getInSync()).isTrue();
  }

  @Test
  void aMarkNeverComesBeforeAllThatWasThereAtTheBeginning() {
    store.create(created("a"));
    store.create(created("b"));
    call.ready = false;
    start(OptionalLong.empty());
    call.becomesReadyFor(1);
    tick();
    // Ready again, and the handler that says so is yet to run.
    call.ready = true;
    tick();
    tick();
    assertThat(types()).containsExactly(ADDED);

    call.becomesReadyFor(1);
    call.ready = true;
    tick();
    tick();
    assertThat(types()).containsExactly(ADDED, ADDED);

    call.becomesReadyFor(1);
    assertThat(types()).containsExactly(ADDED, ADDED, SYNCED);
  }

  @Test
  void aMarkIsNotWrittenToAStreamThatIsNotReady() {
    start(OptionalLong.empty());
    call.ready = false;
    tick();
    tick();

    assertThat(types()).containsExactly(SYNCED);
  }

  @Test
  void aMarkDoesNotTellOfChangesThatAreYetToBeWritten() {
    store.create(created("a"));
    start(OptionalLong.of(1));
    call.ready = false;
    store.update(id("a"), Samples::touched);
    tick();
    tick();

    call.becomesReadyFor(10);

    assertThat(types()).containsExactly(MODIFIED);
  }

  @Test
  void aStreamThatIsOvertakenEndsAndLeavesNothingBehind() {
    start(OptionalLong.empty());
    call.ready = false;
    for (int i = 0; i < 17; i++) {
      store.create(created("c" + i));
    }
    call.becomesReadyFor(10);

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.OUT_OF_RANGE);
    assertThat(types()).containsExactly(SYNCED);
    assertThat(openCalls.size()).isZero();
    assertThat(timers).isEmpty();
  }

  @Test
  void aStreamThatCannotResumeEndsAndLeavesNothingBehind() {
    start(OptionalLong.of(7));

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.OUT_OF_RANGE);
    assertThat(openCalls.size()).isZero();
    assertThat(timers).isEmpty();
  }

  @Test
  void aClientThatLeavesLeavesNothingBehind() {
    start(OptionalLong.empty());

    call.cancel();
    store.create(created("a"));

    assertThat(types()).containsExactly(SYNCED);
    assertThat(call.ends).isEmpty();
    assertThat(openCalls.size()).isZero();
    assertThat(timers).isEmpty();
  }

  @Test
  void goingDownEndsAStreamOnceAndLeavesNothingBehind() {
    start(OptionalLong.empty());

    openCalls.endAll();
    openCalls.endAll();
    store.create(created("a"));

    assertThat(types()).containsExactly(SYNCED);
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.UNAVAILABLE);
    assertThat(openCalls.size()).isZero();
    assertThat(timers).isEmpty();
  }

  @Test
  void aStreamThatBeginsWhileGoingDownEndsAtOnceAndLeavesNothingBehind() {
    openCalls.endAll();

    start(OptionalLong.empty());
    store.create(created("a"));

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.UNAVAILABLE);
    assertThat(openCalls.size()).isZero();
    assertThat(timers).isEmpty();
  }
}
