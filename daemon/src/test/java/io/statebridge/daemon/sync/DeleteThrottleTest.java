package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class DeleteThrottleTest {
  private static final Duration HALF_QUIET = DeleteThrottle.QUIET.dividedBy(2);

  private final FakeLoop loop = new FakeLoop();
  private final DeleteThrottle throttle = new DeleteThrottle(loop);
  private final List<CompletableFuture<Void>> called = new ArrayList<>();
  private final List<CompletionStage<Void>> asked = new ArrayList<>();

  private void delete() {
    asked.add(
        throttle.call(
            () -> {
              CompletableFuture<Void> answer = new CompletableFuture<>();
              called.add(answer);
              return answer;
            }));
    loop.run();
  }

  private void storm(int exits) {
    for (int i = 0; i < exits; i++) {
      throttle.exitSeen();
      delete();
    }
  }

  @Test
  void someAreCalledAtOnceWhateverGoesOn() {
    storm(DeleteThrottle.FREE);

    assertThat(called).hasSize(DeleteThrottle.FREE);
  }

  @Test
  void furtherOnesWaitWhileExitsKeepComing() {
    storm(20);
    assertThat(called).hasSize(DeleteThrottle.FREE);

    loop.advance(HALF_QUIET);
    throttle.exitSeen();
    loop.advance(HALF_QUIET);
    assertThat(called).hasSize(DeleteThrottle.FREE);
    loop.advance(HALF_QUIET);

    assertThat(called).hasSize(DeleteThrottle.MOST);
  }

  @Test
  void aClockThatIsSetBackHoldsNothingUp() {
    storm(20);
    loop.stepWall(Duration.ofHours(-1));

    loop.advance(DeleteThrottle.PATIENCE);

    assertThat(called).hasSize(DeleteThrottle.MOST);
  }

  @Test
  void theyWaitNoLongerThanThisAlthoughTheStormGoesOn() {
    storm(20);

    for (Duration past = Duration.ZERO;
        past.compareTo(DeleteThrottle.PATIENCE) < 0;
        past = past.plus(HALF_QUIET)) {
      assertThat(called).hasSize(DeleteThrottle.FREE);
      loop.advance(HALF_QUIET);
      throttle.exitSeen();
    }

    assertThat(called).hasSize(DeleteThrottle.MOST);
  }

  @Test
  void aThousandAtOnceAreBegunAFewAtATimeInTheirOrder() {
    for (int i = 0; i < 1000; i++) {
      delete();
    }
    assertThat(called).hasSize(DeleteThrottle.MOST);

    called.get(3).complete(null);
    called.get(5).complete(null);
    loop.run();
    assertThat(called).hasSize(DeleteThrottle.MOST + 2);

    for (int i = 0; i < called.size(); i++) {
      called.get(i).complete(null);
      loop.run();
    }
    assertThat(called).hasSize(1000);
  }

  @Test
  void thoseThatHangKeepNobodyElseWaiting() {
    for (int i = 0; i < 40; i++) {
      delete();
    }

    loop.advance(DeleteThrottle.SLOT);
    assertThat(called).hasSize(2 * DeleteThrottle.MOST);
    loop.advance(DeleteThrottle.SLOT);
    assertThat(called).hasSize(40);

    called.forEach(answer -> answer.complete(null));
    loop.advance(DeleteThrottle.SLOT);
    for (int i = 0; i < 20; i++) {
      delete();
    }
    assertThat(called).hasSize(40 + DeleteThrottle.MOST);
  }

  @Test
  void thoseThatWereAnsweredMakeRoomAndTheirAnswersAreHandedOn() {
    storm(DeleteThrottle.FREE);
    called.getFirst().completeExceptionally(new IllegalStateException("no"));
    loop.run();

    storm(1);

    assertThat(called).hasSize(DeleteThrottle.FREE + 1);
    assertThat(asked.getFirst().toCompletableFuture()).isCompletedExceptionally();
    assertThat(asked.getLast().toCompletableFuture()).isNotDone();
  }
}
