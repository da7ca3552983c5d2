package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class DeleteBrakeTest {
  private static final Duration HALF_QUIET = DeleteBrake.QUIET.dividedBy(2);

  private final FakeLoop loop = new FakeLoop();
  private final DeleteBrake brake = new DeleteBrake(loop);
  private final List<CompletableFuture<Void>> called = new ArrayList<>();
  private final List<CompletionStage<Void>> asked = new ArrayList<>();

  private void delete() {
    asked.add(
        brake.call(
            () -> {
              CompletableFuture<Void> answer = new CompletableFuture<>();
              called.add(answer);
              return answer;
            }));
    loop.run();
  }

  private void storm(int exits) {
    for (int i = 0; i < exits; i++) {
      brake.exitSeen();
      delete();
    }
  }

  @Test
  void someAreCalledAtOnceWhateverGoesOn() {
    storm(DeleteBrake.FREE);

    assertThat(called).hasSize(DeleteBrake.FREE);
  }

  @Test
  void furtherOnesWaitWhileExitsKeepComing() {
    storm(20);
    assertThat(called).hasSize(DeleteBrake.FREE);

    loop.advance(HALF_QUIET);
    brake.exitSeen();
    loop.advance(HALF_QUIET);
    assertThat(called).hasSize(DeleteBrake.FREE);
    loop.advance(HALF_QUIET);

    assertThat(called).hasSize(20);
  }

  @Test
  void theyWaitNoLongerThanThisAlthoughTheStormGoesOn() {
    storm(20);

    for (Duration past = Duration.ZERO;
        past.compareTo(DeleteBrake.PATIENCE) < 0;
        past = past.plus(HALF_QUIET)) {
      assertThat(called).hasSize(DeleteBrake.FREE);
      loop.advance(HALF_QUIET);
      brake.exitSeen();
    }

    assertThat(called).hasSize(20);
  }

  @Test
  void thoseThatWereAnsweredMakeRoomAndTheirAnswersAreHandedOn() {
    storm(DeleteBrake.FREE);
    called.getFirst().completeExceptionally(new IllegalStateException("no"));
    loop.run();

    storm(1);

    assertThat(called).hasSize(DeleteBrake.FREE + 1);
    assertThat(asked.getFirst().toCompletableFuture()).isCompletedExceptionally();
    assertThat(asked.getLast().toCompletableFuture()).isNotDone();
  }
}
