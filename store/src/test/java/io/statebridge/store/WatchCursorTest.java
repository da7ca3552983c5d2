package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.stored;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class WatchCursorTest {
  private static final int CAPACITY = 16;

  private final ContainerStore store =
      new ContainerStore(
          "e1", CAPACITY, Duration.ZERO, InstantSource.fixed(Instant.EPOCH), System::nanoTime);
  private final AtomicInteger wakeUps = new AtomicInteger();

  private WatchCursor watch(long after) throws CompactedException {
    return store.resume(after, wakeUps::incrementAndGet);
  }

  private static List<Change> readAll(WatchCursor cursor) throws CompactedException {
    List<Change> changes = new ArrayList<>();
    Optional<Change> next = cursor.next();
    while (next.isPresent()) {
      changes.add(next.get());
      next = cursor.next();
    }
    return changes;
  }

  private void commit(int times) {
    for (int i = 0; i < times; i++) {
      if (store.create(container("busy")).isEmpty()) {
        store.update(id("busy"), c -> c.withOrphaned(!c.orphaned()));
      }
    }
  }

  @Test
  void aCursorSeesEachCommitWithWhatWasBeforeAndAfter() throws Exception {
    try (WatchCursor cursor = watch(0)) {
      store.create(container("a"));
      store.update(id("a"), c -> withTask(c, 42));
      store.delete(id("a"));

      List<Change> changes = readAll(cursor);

      Entry created = stored(container("a"), 1);
      Entry run = stored(withTask(container("a"), 42), 2);
      assertThat(changes)
          .containsExactly(
              new Change(1, Instant.EPOCH, null, created),
              new Change(2, Instant.EPOCH.plusNanos(1), created, run),
              new Change(3, Instant.EPOCH.plusNanos(2), run, null));
      assertThat(cursor.position()).isEqualTo(3);
    }
  }

  @Test
  void aCursorStartsAfterTheRevisionItWasGiven() throws Exception {
    commit(5);

    try (WatchCursor cursor = watch(3)) {
      assertThat(cursor.position()).isEqualTo(3);
      assertThat(readAll(cursor)).extracting(Change::revision).containsExactly(4L, 5L);
    }
  }

  @Test
  void theOldestRevisionThatTheLogHoldsCanBeResumedFromAndTheOneBeforeCannot() throws Exception {
    commit(CAPACITY + 5);

    try (WatchCursor cursor = watch(store.compactRevision())) {
      assertThat(readAll(cursor)).hasSize(CAPACITY);
    }
    assertThat(store.compactRevision()).isEqualTo(5);
    assertThatExceptionOfType(CompactedException.class)
        .isThrownBy(() -> watch(4))
        .satisfies(
            e -> {
              assertThat(e).hasMessageContaining("revision 4 ");
              assertThat(e.compactRevision()).isEqualTo(5);
              assertThat(e.currentRevision()).isEqualTo(CAPACITY + 5);
            });
  }

  @Test
  void theFutureCannotBeResumedFrom() {
    commit(2);

    assertThatExceptionOfType(CompactedException.class)
        .isThrownBy(() -> watch(3))
        .satisfies(
            e -> {
              assertThat(e.compactRevision()).isZero();
              assertThat(e.currentRevision()).isEqualTo(2);
            });
  }

  @Test
  void aCursorThatWasOvertakenSaysSoEveryTimeAndOthersGoOn() throws Exception {
    try (WatchCursor slow = watch(0);
        WatchCursor quick = watch(0)) {
      List<Change> seen = new ArrayList<>();
      for (int i = 0; i < CAPACITY; i++) {
        commit(1);
        seen.addAll(readAll(quick));
      }
      assertThat(store.compactRevision()).isZero();

      commit(1);
      seen.addAll(readAll(quick));

      for (int i = 0; i < 2; i++) {
        assertThatExceptionOfType(CompactedException.class)
            .isThrownBy(slow::next)
            .satisfies(
                e -> {
                  assertThat(e).hasMessageContaining("revision 0 ");
                  assertThat(e.compactRevision()).isEqualTo(1);
                  assertThat(e.currentRevision()).isEqualTo(CAPACITY + 1);
                });
      }
      assertThat(slow.position()).isZero();
      assertThat(seen)
          .extracting(Change::revision)
          .hasSize(CAPACITY + 1)
          .isSorted()
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void aCursorThatHasNotReachedTheEndIsNotWoken() throws Exception {
    commit(2);
    try (WatchCursor cursor = watch(0)) {
      commit(1);
      assertThat(cursor.next()).isPresent();
      commit(1);

      assertThat(wakeUps).hasValue(0);
    }
  }

  @Test
  void aCursorAtTheEndIsWokenByTheNextCommitAndOnlyByThatOne() throws Exception {
    try (WatchCursor cursor = watch(0)) {
      assertThat(cursor.next()).isEmpty();
      commit(3);

      assertThat(wakeUps).hasValue(1);

      assertThat(readAll(cursor)).hasSize(3);
      assertThat(cursor.next()).isEmpty();
      commit(3);

      assertThat(wakeUps).hasValue(2);
    }
  }

  @Test
  void aCursorThatTookAChangeIsNotWokenForTheRest() throws Exception {
    try (WatchCursor cursor = watch(0)) {
      assertThat(cursor.next()).isEmpty();
      commit(2);
      assertThat(cursor.next()).isPresent();
      commit(1);

      assertThat(wakeUps).hasValue(1);
    }
  }

  @Test
  void whatIsNoCommitWakesNobody() throws Exception {
    commit(1);
    try (WatchCursor cursor = watch(1)) {
      assertThat(cursor.next()).isEmpty();

      store.update(id("busy"), c -> c);
      store.update(id("unknown"), c -> c);
      store.create(container("busy"));
      store.delete(id("unknown"));

      assertThat(wakeUps).hasValue(0);
    }
  }

  @Test
  void everyCursorAtTheEndIsWoken() throws Exception {
    AtomicInteger others = new AtomicInteger();
    try (WatchCursor one = watch(0);
        WatchCursor other = store.resume(0, others::incrementAndGet)) {
      assertThat(one.next()).isEmpty();
      assertThat(other.next()).isEmpty();

      commit(1);

      assertThat(wakeUps).hasValue(1);
      assertThat(others).hasValue(1);
    }
  }

  @Test
  void aClosedCursorIsNotWoken() throws Exception {
    WatchCursor cursor = watch(0);
    assertThat(cursor.next()).isEmpty();

    cursor.close();
    cursor.close();
    commit(1);

    assertThat(wakeUps).hasValue(0);
  }

  @Test
  void aWakeUpSeesTheCommitAndMayReadOnTheSpot() throws Exception {
    AtomicReference<WatchCursor> cursor = new AtomicReference<>();
    List<Change> seen = new ArrayList<>();
    cursor.set(
        store.resume(
            0,
            () -> {
              try {
                seen.addAll(readAll(cursor.get()));
              } catch (CompactedException e) {
                throw new AssertionError(e);
              }
            }));
    assertThat(cursor.get().next()).isEmpty();

    commit(3);

    assertThat(seen).extracting(Change::revision).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aWakeUpThatLingersHoldsUpNeitherWritersNorReaders() throws Exception {
    CountDownLatch woken = new CountDownLatch(1);
    CountDownLatch letGo = new CountDownLatch(1);
    WatchCursor lingering =
        store.resume(
            0,
            () -> {
              woken.countDown();
              awaitUninterruptibly(letGo);
            });
    assertThat(lingering.next()).isEmpty();

    Thread committer = Thread.ofPlatform().start(() -> commit(1));
    try {
      assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
      store.create(container("other"));

      assertThat(store.snapshot().revision()).isEqualTo(2);
      try (WatchCursor quick = watch(0)) {
        assertThat(readAll(quick)).hasSize(2);
      }
    } finally {
      letGo.countDown();
      committer.join();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
