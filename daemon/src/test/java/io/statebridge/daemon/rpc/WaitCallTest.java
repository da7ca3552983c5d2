package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.ENDED;
import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.ended;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.paused;
import static io.statebridge.daemon.rpc.Samples.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.stream.FakeCall;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One wait whose steps run when the test lets them; a wait that looks again for ever fails. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WaitCallTest {
  private static final int LOG_CAPACITY = 4;

  private final ContainerStore store = new ContainerStore("e1", LOG_CAPACITY);
  private final OpenCalls openCalls = new OpenCalls();
  private final FakeCall<WaitContainerResponse> call = new FakeCall<>();
  private final Deque<Runnable> steps = new ArrayDeque<>();

  @BeforeEach
  void aContainerRuns() {
    store.create(running("web"));
  }

  private void start() {
    Entry found = store.get(id("web")).orElseThrow();
    new WaitCall(store, found, c -> c.exit() != null, call, openCalls, steps::add).start();
  }

  private void runSteps() {
    while (!steps.isEmpty()) {
      steps.remove().run();
    }
  }

  private void overtake() {
    for (int i = 0; i <= LOG_CAPACITY; i++) {
      store.create(created("busy" + i));
    }
  }

  @Test
  void aWaitThatTheLogOvertookLooksAgainAndGoesOn() {
    start();
    runSteps();
    overtake();
    runSteps();
    assertThat(call.sent).isEmpty();

    store.update(id("web"), c -> ended(c, EXIT));
    runSteps();

    assertThat(call.sent).hasSize(1);
    assertThat(call.ends).containsExactly(Status.OK);
  }

  @Test
  void anEndThatWentByWithTheLogIsStillSeen() {
    start();
    runSteps();
    store.update(id("web"), c -> ended(c, EXIT));
    overtake();
    runSteps();

    assertThat(call.sent).hasSize(1);
    assertThat(call.ends).containsExactly(Status.OK);
  }

  @Test
  void aRemovalThatWentByWithTheLogIsStillSeen() {
    start();
    runSteps();
    store.delete(id("web"));
    overtake();
    runSteps();

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.NOT_FOUND);
  }

  @Test
  void aRemovalBeforeTheFirstStepIsSeen() {
    start();
    store.delete(id("web"));
    runSteps();

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.NOT_FOUND);
  }

  @Test
  void anotherContainerThatHasTheIdBeforeTheFirstStepIsNotTheOneAskedAbout() {
    start();
    store.delete(id("web"));
    store.create(another());
    runSteps();

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.NOT_FOUND);
  }

  @Test
  void anotherContainerThatHasTheIdByTheTimeTheLogOvertookIsNotEither() {
    start();
    runSteps();
    store.delete(id("web"));
    store.create(another());
    overtake();
    store.update(id("web"), c -> ended(c, EXIT));
    runSteps();

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.NOT_FOUND);
  }

  private static ContainerRecord another() {
    ContainerInfo info = created("web").info();
    return running(
        ContainerRecord.of(
            new ContainerInfo(
                info.id(), info.image(), info.runtime(), Map.of(), "", ENDED.plusSeconds(1))));
  }

  @Test
  void aContainerWhoseCreationBecomesKnownIsStillTheSame() {
    store.delete(id("web"));
    store.create(
        running(ContainerRecord.of(new ContainerInfo(id("web"), "", "", Map.of(), "", null))));
    start();
    runSteps();
    store.update(id("web"), c -> c.withInfo(created("web").info()));
    runSteps();
    assertThat(call.ends).isEmpty();

    store.update(id("web"), c -> ended(c, EXIT));
    runSteps();

    assertThat(call.ends).containsExactly(Status.OK);
  }

  @Test
  void othersChangesAreNoStepsOfAWait() {
    start();
    runSteps();

    overtake();
    store.delete(id("busy0"));
    assertThat(steps).isEmpty();

    store.update(id("web"), c -> paused(c));
    assertThat(steps).hasSize(1);
  }

  @Test
  void anEndThatWasFoundIsAnsweredThoughTheContainerIsGone() {
    store.update(id("web"), c -> ended(c, EXIT));
    start();
    store.delete(id("web"));
    runSteps();

    assertThat(call.sent).extracting(r -> r.getContainer().getExitCode()).containsExactly(3);
    assertThat(call.ends).containsExactly(Status.OK);
  }

  @Test
  void goingDownEndsAWaitOnceWhateverItsStep() {
    start();
    openCalls.endAll();
    runSteps();
    openCalls.endAll();
    store.update(id("web"), c -> ended(c, EXIT));
    runSteps();

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.UNAVAILABLE);
    assertThat(openCalls.size()).isZero();
  }

  @Test
  void aClientThatLeftIsNotAnswered() {
    start();
    runSteps();
    call.cancel();
    store.update(id("web"), c -> ended(c, EXIT));
    runSteps();

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).isEmpty();
    assertThat(openCalls.size()).isZero();
  }
}
