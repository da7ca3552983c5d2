package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.EXIT;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.id;
import static io.statebridge.daemon.rpc.Samples.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.statebridge.daemon.stream.FakeCall;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.store.ContainerStore;
import java.util.ArrayDeque;
import java.util.Deque;
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
    new WaitCall(store, id("web"), c -> c.exit() != null, call, openCalls, steps::add).start();
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

    store.update(id("web"), c -> c.finished(EXIT));
    runSteps();

    assertThat(call.sent).hasSize(1);
    assertThat(call.ends).containsExactly(Status.OK);
  }

  @Test
  void anEndThatWentByWithTheLogIsStillSeen() {
    start();
    runSteps();
    store.update(id("web"), c -> c.finished(EXIT));
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
  void goingDownEndsAWaitOnceWhateverItsStep() {
    start();
    openCalls.endAll();
    runSteps();
    openCalls.endAll();
    store.update(id("web"), c -> c.finished(EXIT));
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
    store.update(id("web"), c -> c.finished(EXIT));
    runSteps();

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).isEmpty();
    assertThat(openCalls.size()).isZero();
  }
}
