package io.statebridge.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.statebridge.store.CheckpointStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(30)
final class DurabilityTest {
  private static final Path FILE = Path.of("/state/checkpoint.db");
  private static final Duration LONG = Duration.ofSeconds(20);

  private final Logger logger = (Logger) LoggerFactory.getLogger(Checkpoint.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private Instant now = Instant.EPOCH;
  private final InstantSource clock = () -> now;
  private final Durability durability = new Durability(FILE, LONG, clock);

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
    logger.setAdditive(false);
  }

  @AfterEach
  void stopListening() {
    logger.setAdditive(true);
    logger.detachAppender(log);
  }

  private CompletableFuture<?> waitFor(long revision) {
    return durability.of(revision).toCompletableFuture();
  }

  private List<String> logged() {
    return log.list.stream().map(ILoggingEvent::toString).toList();
  }

  @Test
  void whoeverWaitsIsReleasedByTheTransactionThatHasTheRevision() {
    List<Integer> order = new ArrayList<>();
    CompletableFuture<?> third = waitFor(3).thenRun(() -> order.add(3));
    CompletableFuture<?> first = waitFor(1).thenRun(() -> order.add(1));
    CompletableFuture<?> second = waitFor(2).thenRun(() -> order.add(2));

    durability.reached(2);

    assertThat(order).containsExactly(1, 2);
    assertThat(first).isDone();
    assertThat(second).isDone();
    assertThat(third).isNotDone();
    assertThat(waitFor(2)).isDone();

    durability.reached(7);

    assertThat(third).isDone();
    assertThat(durability.status().durableRevision()).isEqualTo(7);
    assertThat(durability.status().transactions()).isEqualTo(2);
  }

  @Test
  void nobodyWaitsOnceItIsDegraded() {
    CompletableFuture<?> before = waitFor(1);

    durability.lost("/state/checkpoint.db: full");

    assertThat(before).isCompletedWithValue(null);
    assertThat(waitFor(2)).isCompletedWithValue(null);
  }

  @Test
  void aWaitThatIsTooLongDegradesItForAllUntilTheDiskComes() {
    Durability hasty = new Durability(FILE, Duration.ofMillis(20), clock);
    CompletableFuture<?> one = hasty.of(1).toCompletableFuture();
    CompletableFuture<?> other = hasty.of(2).toCompletableFuture();

    await().until(() -> one.isDone() && other.isDone());

    assertThat(one).isCompletedWithValue(null);
    assertThat(other).isCompletedWithValue(null);
    assertThat(hasty.status().state()).isEqualTo(State.DEGRADED);
    assertThat(hasty.status().lastError())
        .isEqualTo("/state/checkpoint.db: writing takes longer than 20 ms; look at the disk");
    assertThat(hasty.of(3).toCompletableFuture()).isDone();

    hasty.reached(3);

    assertThat(hasty.status().state()).isEqualTo(State.DURABLE);
  }

  @Test
  void aWaitThatEndedInTimeDegradesNothing() {
    // So long that the first wait ends in time on a busy machine, too.
    Durability hasty = new Durability(FILE, Duration.ofSeconds(1), clock);
    hasty.of(1);
    hasty.reached(1);
    CompletableFuture<?> later = hasty.of(2).toCompletableFuture();

    await().until(later::isDone);

    assertThat(logged()).hasSize(1);
    assertThat(hasty.status().durableRevision()).isEqualTo(1);
  }

  @Test
  void onlyTransitionsAreLogged() {
    durability.reached(1);
    durability.lost("/state/checkpoint.db: full");
    durability.lost("/state/checkpoint.db: full");
    durability.lost("/state/checkpoint.db: worse");
    durability.reached(2);
    durability.reached(3);

    assertThat(logged())
        .containsExactly(
            "[WARN] degraded, going on in memory: /state/checkpoint.db: full",
            "[INFO] /state/checkpoint.db: durable again, and complete up to revision 2");
  }

  @Test
  void theStatusSaysSinceWhenAndKeepsTheLastError() {
    now = Instant.ofEpochSecond(5);
    durability.reached(1);
    assertThat(durability.status().since()).isEqualTo(Instant.EPOCH);

    durability.lost("first");
    now = Instant.ofEpochSecond(6);
    durability.lost("second");
    assertThat(durability.status().since()).isEqualTo(Instant.ofEpochSecond(5));
    assertThat(durability.status().lastError()).isEqualTo("second");

    durability.reached(2);
    assertThat(durability.status())
        .isEqualTo(
            new CheckpointStatus(
                State.DURABLE, Instant.ofEpochSecond(6), "second", 2, 2, FILE, null));
  }

  @Test
  void aFileThatWasSetAsideIsReportedAndLogged() {
    Path aside = Path.of("/state/checkpoint.db.bad-1");

    durability.setAside(aside, "/state/checkpoint.db: is damaged");

    assertThat(durability.status().setAside()).isEqualTo(aside);
    assertThat(durability.status().state()).isEqualTo(State.DURABLE);
    assertThat(logged())
        .containsExactly(
            "[WARN] set aside as /state/checkpoint.db.bad-1: /state/checkpoint.db: is damaged");
  }

  @Test
  void nobodyWaitsAfterTheEnd() {
    CompletableFuture<?> before = waitFor(1);

    durability.end();

    assertThat(before).isCompletedWithValue(null);
    assertThat(waitFor(2)).isCompletedWithValue(null);
  }

  @Test
  void whoeverIsReleasedMayAskAgainOnTheSpot() {
    CompletableFuture<State> seen = waitFor(1).thenApply(done -> durability.status().state());

    durability.reached(1);

    assertThat(seen).isCompletedWithValue(State.DURABLE);
  }
}
