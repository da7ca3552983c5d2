package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.statebridge.api.ContainerId;
import io.statebridge.api.RuntimeFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class WorkQueueTest {

  private static final int CAPACITY = 3;
  private static final Duration RETRY_BASE = Duration.ofMillis(50);
  private static final Duration RETRY_CAP = Duration.ofSeconds(10);
  private static final ContainerId A = new ContainerId("ns", "a");
  private static final ContainerId B = new ContainerId("ns", "b");
  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  private final FakeLoop loop = new FakeLoop();
  private final List<String> ran = new ArrayList<>();
  private final WorkQueue queue =
      new WorkQueue(
          loop,
          new RetryQueue(loop, new Backoff(RETRY_BASE, RETRY_CAP, new Random(1))),
          CAPACITY,
          id -> task("inspect " + id.id()));

  private WorkItem task(String name) {
    return () -> {
      ran.add(name);
      return DONE;
    };
  }

  private WorkItem failing(String name, int times) {
    int[] left = {times};
    return () -> {
      ran.add(name);
      return left[0]-- > 0
          ? CompletableFuture.failedStage(
              new RuntimeFailure(RuntimeFailure.Kind.TRANSIENT, "not yet"))
          : DONE;
    };
  }

  private WorkItem waitingFor(String name, CompletableFuture<Void> end) {
    return () -> {
      ran.add(name);
      return end;
    };
  }

  /** The loop knows what to do about it. */
  @Test
  void anErrorIsNoFailureToRetryInSilence() {
    Error error = new NoClassDefFoundError("x");
    queue.submit(A, () -> CompletableFuture.failedStage(error));

    assertThatThrownBy(loop::run).isSameAs(error);
  }

  @Test
  void tasksOfOneContainerRunInOrderAndOneAtATime() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    queue.submit(A, waitingFor("1", first));
    queue.submit(A, task("2"));
    queue.submit(A, task("3"));
    loop.run();
    List<String> before = List.copyOf(ran);

    first.complete(null);
    loop.run();

    assertThat(before).containsExactly("1");
    assertThat(ran).containsExactly("1", "2", "3");
  }

  @Test
  void containersDoNotWaitForEachOther() {
    queue.submit(A, waitingFor("a", new CompletableFuture<>()));
    queue.submit(B, task("b"));
    loop.run();

    assertThat(ran).containsExactly("a", "b");
    assertThat(queue.isBusy(A)).isTrue();
    assertThat(queue.isBusy(B)).isFalse();
  }

  @Test
  void failedTaskStaysAtTheHeadOfItsQueueUntilItSucceeds() {
    queue.submit(A, failing("1", 2));
    queue.submit(A, task("2"));
    loop.run();
    int waiting = queue.waiting();

    loop.advance(Duration.ofSeconds(1));

    assertThat(waiting).isOne();
    assertThat(ran).containsExactly("1", "1", "1", "2");
    assertThat(queue.waiting()).isZero();
    assertThat(queue.active()).isZero();
  }

  @Test
  void taskThatThrowsIsRetriedLikeOneThatFails() {
    int[] calls = {0};
    queue.submit(
        A,
        () -> {
          if (calls[0]++ == 0) {
            throw new IllegalStateException("a bug");
          }
          return DONE;
        });

    loop.advance(Duration.ofSeconds(1));

    assertThat(calls[0]).isEqualTo(2);
    assertThat(queue.active()).isZero();
  }

  @Test
  void retriesGoOnForEverAndNeverWaitLongerThanTheCap() {
    queue.submit(A, failing("1", Integer.MAX_VALUE));
    loop.advance(Duration.ofHours(1));
    int before = ran.size();

    loop.advance(RETRY_CAP);

    assertThat(ran.size()).isGreaterThan(before);
  }

  @Test
  void queueThatWaitsTriesAtOnceWhenTheRuntimeIsBack() {
    queue.submit(A, failing("1", 1));
    loop.run();

    queue.retryAllNow();
    loop.run();

    assertThat(ran).containsExactly("1", "1");
    assertThat(loop.timers()).isZero();
  }

  @Test
  void overflowingQueueDropsItemsAndInspectsTheContainerInstead() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    queue.submit(A, waitingFor("1", first));
    for (int i = 2; i <= CAPACITY + 5; i++) {
      queue.submit(A, task(String.valueOf(i)));
    }

    first.complete(null);
    loop.run();

    assertThat(ran).containsExactly("1", "2", "3", "inspect a");
    assertThat(queue.active()).isZero();
  }

  @Test
  void thousandStuckQueuesDoNotSlowTheOthers() {
    for (int i = 0; i < 1000; i++) {
      queue.submit(new ContainerId("ns", "stuck" + i), failing("stuck", Integer.MAX_VALUE));
    }
    loop.run();
    ran.clear();

    queue.submit(A, task("a"));
    loop.run();

    assertThat(ran).containsExactly("a");
    assertThat(queue.waiting()).isEqualTo(1000);
  }

  @Test
  void backoffStartsAfreshForTheNextTask() {
    queue.submit(A, failing("1", 10));
    queue.submit(A, failing("2", 1));
    while (!ran.contains("2")) {
      loop.advance(Duration.ofMillis(1));
    }

    loop.advance(RETRY_BASE);

    assertThat(ran.stream().filter("2"::equals)).hasSize(2);
  }
}
