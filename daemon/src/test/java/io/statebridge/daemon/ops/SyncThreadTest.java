package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import io.statebridge.daemon.sync.SyncLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
final class SyncThreadTest {
  private static final Duration NEVER = Duration.ofDays(1);

  private final List<Error> fatal = new CopyOnWriteArrayList<>();
  private final SyncThread loop = new SyncThread(fatal::add);

  @AfterEach
  void close() {
    loop.close();
  }

  private void awaitAllBefore() throws Exception {
    CompletableFuture<Boolean> reached = new CompletableFuture<>();
    loop.execute(() -> reached.complete(true));
    reached.get(10, TimeUnit.SECONDS);
  }

  @Test
  void callsOfOtherThreadsAreRefused() throws Exception {
    CompletableFuture<Boolean> onLoop = new CompletableFuture<>();
    loop.execute(
        () -> {
          loop.requireLoop();
          onLoop.complete(true);
        });

    assertThat(onLoop.get(10, TimeUnit.SECONDS)).isTrue();
    assertThatIllegalStateException()
        .isThrownBy(loop::requireLoop)
        .withMessageContaining(Thread.currentThread().getName());
  }

  @Test
  void tasksRunInOrderOnOneThread() throws Exception {
    List<Integer> order = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int number = i;
      loop.execute(
          () -> {
            order.add(number);
            threads.add(Thread.currentThread());
          });
    }
    awaitAllBefore();

    assertThat(order).hasSize(100).isSorted();
    assertThat(threads).containsOnly(threads.getFirst());
    assertThat(threads.getFirst().getName()).isEqualTo("sync");
  }

  @Test
  void aTaskThatThrowsDoesNotEndTheLoop() throws Exception {
    CompletableFuture<Thread> after = new CompletableFuture<>();
    CompletableFuture<Thread> timed = new CompletableFuture<>();
    CompletableFuture<Thread> before = new CompletableFuture<>();
    loop.execute(() -> before.complete(Thread.currentThread()));
    loop.execute(
        () -> {
          throw new IllegalStateException("thrown on purpose");
        });
    loop.schedule(
        Duration.ofMillis(1),
        () -> {
          throw new IllegalStateException("thrown on purpose, too");
        });

    loop.execute(() -> after.complete(Thread.currentThread()));
    loop.schedule(Duration.ofMillis(2), () -> timed.complete(Thread.currentThread()));

    assertThat(after.get(10, TimeUnit.SECONDS)).isSameAs(before.get());
    assertThat(timed.get(10, TimeUnit.SECONDS)).isSameAs(before.get());
  }

  @Test
  void anExceptionThatATaskThrowsIsLoggedAndTheLoopGoesOn() throws Exception {
    RuntimeException exception = new IllegalStateException("an exception");
    Logger logger = (Logger) LoggerFactory.getLogger(SyncThread.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    logger.setAdditive(false);
    try {
      loop.execute(
          () -> {
            throw exception;
          });
      awaitAllBefore();
    } finally {
      logger.setAdditive(true);
      logger.detachAppender(log);
    }

    assertThat(log.list)
        .extracting(event -> ((ThrowableProxy) event.getThrowableProxy()).getThrowable())
        .containsExactly(exception);
    assertThat(fatal).isEmpty();
  }

  @Test
  void anErrorIsFatal() throws Exception {
    Error error = new NoClassDefFoundError("of a jar that was replaced");
    loop.execute(
        () -> {
          throw error;
        });
    awaitAllBefore();

    assertThat(fatal).containsExactly(error);
  }

  @Test
  void aTimerRunsOnTheLoopAndNotBeforeItsTime() throws Exception {
    long start = System.nanoTime();
    CompletableFuture<String> thread = new CompletableFuture<>();

    loop.schedule(Duration.ofMillis(50), () -> thread.complete(Thread.currentThread().getName()));

    assertThat(thread.get(10, TimeUnit.SECONDS)).isEqualTo("sync");
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(50_000_000);
  }

  @Test
  void aTimerThatIsCalledOffDoesNotRun() throws Exception {
    AtomicBoolean ran = new AtomicBoolean();
    CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
    loop.execute(() -> cancelled.orTimeout(10, TimeUnit.SECONDS).join());
    SyncLoop.Timer timer = loop.schedule(Duration.ofNanos(1), () -> ran.set(true));

    timer.cancel();
    timer.cancel();
    cancelled.complete(true);
    CountDownLatch later = new CountDownLatch(1);
    loop.schedule(Duration.ofMillis(1), later::countDown);

    assertThat(later.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(ran).isFalse();
  }

  @Test
  void closeWaitsForWhatWasSubmittedAndNotForTimers() {
    List<String> ran = new ArrayList<>();
    loop.schedule(NEVER, () -> ran.add("timer"));
    loop.execute(() -> ran.add("first"));
    loop.execute(() -> ran.add("second"));

    loop.close();

    assertThat(ran).containsExactly("first", "second");
  }

  @Test
  void whatComesAfterTheCloseIsLetGo() {
    AtomicBoolean ran = new AtomicBoolean();
    loop.close();

    loop.execute(() -> ran.set(true));
    loop.schedule(Duration.ZERO, () -> ran.set(true)).cancel();
    loop.close();

    assertThat(ran).isFalse();
  }

  @Test
  void aTaskThatHangsHoldsTheCloseUpForASecondAndIsInterrupted() throws Exception {
    CountDownLatch hanging = new CountDownLatch(1);
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    loop.execute(
        () -> {
          hanging.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            interrupted.complete(true);
          }
        });
    assertThat(hanging.await(10, TimeUnit.SECONDS)).isTrue();

    loop.close();

    assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void nowIsTheWallClock() {
    Instant before = Instant.now();

    assertThat(loop.now()).isBetween(before, Instant.now());
  }
}
