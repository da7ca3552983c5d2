package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.ended;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.removed;
import static io.statebridge.store.Samples.stored;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class FollowingTest {
  private static final int CAPACITY = 16;
  private static final Exit EXIT = new Exit(7, Instant.EPOCH, ExitSource.SHIM);

  private final ContainerStore store =
      new ContainerStore(
          "e1",
          CAPACITY,
          Duration.ofHours(1),
          InstantSource.fixed(Instant.EPOCH),
          System::nanoTime);
  private final AtomicInteger wakeUps = new AtomicInteger();

  private Following follow(String... names) {
    Set<ContainerId> ids = List.of(names).stream().map(Samples::id).collect(Collectors.toSet());
    return store.follow(ids, wakeUps::incrementAndGet);
  }

  private void commit(String name) {
    if (store.create(container(name)).isEmpty()) {
      store.update(id(name), c -> c.withOrphaned(!c.orphaned()));
    }
  }

  private void commit(String name, int times) {
    for (int i = 0; i < times; i++) {
      commit(name);
    }
  }

  private static List<Long> revisions(WatchCursor cursor) throws CompactedException {
    List<Long> revisions = new ArrayList<>();
    for (Optional<Change> c = cursor.next(); c.isPresent(); c = cursor.next()) {
      revisions.add(c.get().revision());
    }
    return revisions;
  }

  @Test
  void whatIsThereAndWhatComesAfterItAddUp() throws Exception {
    commit("a");
    commit("b");

    Following following = store.follow(wakeUps::incrementAndGet);
    commit("c");

    try (WatchCursor cursor = following.cursor()) {
      assertThat(following.snapshot().entries())
          .containsExactly(stored(container("a"), 1), stored(container("b"), 2));
      assertThat(following.snapshot().revision()).isEqualTo(2);
      assertThat(cursor.position()).isEqualTo(2);
      assertThat(revisions(cursor)).containsExactly(3L);
    }
  }

  @Test
  void theSnapshotOfAllIsTheStoresOwn() {
    commit("a");

    Following following = store.follow(() -> {});

    try (WatchCursor cursor = following.cursor()) {
      assertThat(following.snapshot()).isSameAs(store.snapshot());
      assertThat(cursor.position()).isEqualTo(1);
    }
  }

  @Test
  void theKeptRecordsOfRemovedContainersCanBeFollowedToo() throws Exception {
    store.create(ended(withTask(container("b"), 42), EXIT));
    store.delete(id("b"));
    commit("a");

    Snapshot before = store.snapshotWithRemoved();
    Following following = store.followWithRemoved(wakeUps::incrementAndGet);
    commit("c");

    try (WatchCursor cursor = following.cursor()) {
      assertThat(before.entries()).extracting(Entry::id).containsExactly(id("a"), id("b"));
      assertThat(following.snapshot()).isEqualTo(before);
      assertThat(revisions(cursor)).containsExactly(4L);
    }
  }

  @Test
  void whoFollowsSomeContainersSeesThoseAlone() throws Exception {
    store.create(ended(withTask(container("gone"), 42), EXIT));
    store.delete(id("gone"));
    commit("other");
    commit("b");
    commit("a");

    Following following = follow("b", "a", "gone", "unknown");
    commit("other");
    commit("a");
    store.delete(id("other"));
    store.delete(id("b"));
    commit("unknown");

    try (WatchCursor cursor = following.cursor()) {
      assertThat(following.snapshot())
          .isEqualTo(
              new Snapshot(
                  "e1",
                  5,
                  List.of(
                      stored(container("a"), 5),
                      stored(container("b"), 4),
                      removed(
                          ended(withTask(container("gone"), 42), EXIT),
                          1,
                          Instant.EPOCH.plusNanos(1)))));
      assertThat(revisions(cursor)).containsExactly(7L, 9L, 10L);
      assertThat(cursor.position()).isEqualTo(10);
    }
  }

  @Test
  void whoFollowsSomeContainersIsWokenForThoseAlone() throws Exception {
    try (WatchCursor cursor = follow("a", "b").cursor()) {
      assertThat(cursor.next()).isEmpty();

      commit("other", 3);
      assertThat(wakeUps).hasValue(0);

      commit("a");
      commit("b");
      assertThat(wakeUps).hasValue(1);
      assertThat(revisions(cursor)).containsExactly(4L, 5L);

      commit("other");
      assertThat(wakeUps).hasValue(1);
      commit("b");
      assertThat(wakeUps).hasValue(2);
    }
  }

  @Test
  void whoWaitsForOneContainerIsNotOvertakenByOthersHoweverManyTheyAre() throws Exception {
    try (WatchCursor cursor = follow("a").cursor()) {
      assertThat(cursor.next()).isEmpty();

      commit("other", 10 * CAPACITY);

      assertThat(cursor.next()).isEmpty();
      assertThat(cursor.position()).isEqualTo(10 * CAPACITY);

      commit("a");
      assertThat(cursor.position()).isEqualTo(10 * CAPACITY);
      assertThat(revisions(cursor)).containsExactly(10 * CAPACITY + 1L);
      assertThat(wakeUps).hasValue(1);
    }
  }

  @Test
  void whoDoesNotReadWhatItWasWokenForIsOvertakenAndToldSo() throws Exception {
    try (WatchCursor cursor = follow("a").cursor()) {
      assertThat(cursor.next()).isEmpty();

      commit("a");
      commit("other", CAPACITY);

      assertThatExceptionOfType(CompactedException.class)
          .isThrownBy(cursor::next)
          .withMessageContaining("revision 0 ");
    }
  }

  @Test
  void aContainerThatWentAndCameAnewIsSeenToHave() throws Exception {
    commit("a");
    try (WatchCursor cursor = follow("a").cursor()) {
      assertThat(cursor.next()).isEmpty();

      store.delete(id("a"));
      commit("other");
      commit("a");

      assertThat(cursor.next()).map(Change::after).isEmpty();
      assertThat(cursor.next()).map(Change::before).isEmpty();
      assertThat(cursor.next()).isEmpty();
      assertThat(wakeUps).hasValue(1);
    }
  }

  @Test
  void aClosedFollowerIsNotWoken() throws Exception {
    WatchCursor cursor = follow("a", "b").cursor();
    assertThat(cursor.next()).isEmpty();

    cursor.close();
    cursor.close();
    commit("a");
    commit("b");

    assertThat(wakeUps).hasValue(0);
  }

  @Test
  void theFollowersOfOneContainerAreAllWoken() throws Exception {
    AtomicInteger others = new AtomicInteger();
    try (WatchCursor one = follow("a").cursor();
        WatchCursor other = store.follow(Set.of(id("a")), others::incrementAndGet).cursor();
        WatchCursor all = store.follow(others::incrementAndGet).cursor()) {
      assertThat(one.next()).isEmpty();
      assertThat(other.next()).isEmpty();
      assertThat(all.next()).isEmpty();

      commit("a");

      assertThat(wakeUps).hasValue(1);
      assertThat(others).hasValue(2);
    }
  }

  @Test
  void nobodyFollowsNothing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.follow(Set.of(), () -> {}))
        .withMessageContaining("no id");
  }

  @Test
  void noCommitComesBetweenTheSnapshotAndItsCursor() throws Exception {
    ContainerStore busy = new ContainerStore("e1", 100_000);
    AtomicBoolean over = new AtomicBoolean();
    AtomicLong followed = new AtomicLong();
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        writers.add(threads.submit(() -> writeUntil(over, busy, followed, random)));
      }
      try {
        for (int i = 0; i < 500; i++) {
          followed.set(busy.revision());
          assertNothingIsMissed(busy, busy.follow(() -> {}));
          assertNothingIsMissed(busy, busy.followWithRemoved(() -> {}));
          assertNothingIsMissed(busy, busy.follow(Set.of(id("c1"), id("c2")), () -> {}));
        }
      } finally {
        over.set(true);
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }
    assertThat(busy.revision()).isPositive();
  }

  /** Not so far ahead of who follows that the log overtakes it, however slow that is. */
  private static void writeUntil(
      AtomicBoolean over, ContainerStore store, AtomicLong followed, Random random) {
    while (!over.get()) {
      if (store.revision() - followed.get() > 50_000) {
        Thread.onSpinWait();
        continue;
      }
      String name = "c" + random.nextInt(4);
      switch (random.nextInt(3)) {
        case 0 -> store.delete(id(name));
        case 1 -> store.create(container(name));
        default -> store.update(id(name), c -> c.withOrphaned(!c.orphaned()));
      }
    }
  }

  /** The first change of each container is one of what the snapshot says that it was. */
  private static void assertNothingIsMissed(ContainerStore store, Following following)
      throws CompactedException {
    Map<ContainerId, Entry> known =
        following.snapshot().entries().stream()
            .collect(Collectors.toMap(Entry::id, Function.identity()));
    assertThat(known.values())
        .allSatisfy(
            e -> assertThat(e.revision()).isLessThanOrEqualTo(following.snapshot().revision()));
    try (WatchCursor cursor = following.cursor()) {
      assertThat(cursor.position()).isEqualTo(following.snapshot().revision());
      long until = store.revision();
      Optional<Change> next = cursor.next();
      while (next.isPresent() && next.get().revision() <= until) {
        Change change = next.get();
        assertThat(Optional.ofNullable(change.before()))
            .isEqualTo(Optional.ofNullable(known.get(change.id())));
        assertThat(change.revision()).isGreaterThan(following.snapshot().revision());
        if (change.after() == null) {
          known.remove(change.id());
        } else {
          known.put(change.id(), change.after());
        }
        next = cursor.next();
      }
    }
  }
}
