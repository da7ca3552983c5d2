package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.ended;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
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
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Writers and watchers all at once, each on a thread of its own. */
@Timeout(60)
final class ManyThreadsTest {
  private static final int WRITERS = 4;
  private static final int WATCHERS = 4;
  private static final int STEPS_PER_WRITER = 2_000;
  private static final String LAST = "last";
  private static final ContainerRecord ENDED =
      ended(withTask(container("a"), 7), new Exit(0, Instant.EPOCH, ExitSource.EVENT));

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void everyWatcherSeesEveryRevisionOnceAndInOrder() throws Exception {
    ContainerStore store = new ContainerStore("e1", WRITERS * STEPS_PER_WRITER + 1);
    List<Future<List<Long>>> watchers = new ArrayList<>();
    for (int i = 0; i < WATCHERS; i++) {
      watchers.add(threads.submit(() -> new Watcher(store).follow(0)));
    }

    write(store);

    for (Future<List<Long>> watcher : watchers) {
      List<Long> revisions = watcher.get();
      assertThat(revisions).hasSize((int) store.revision());
      for (int i = 0; i < revisions.size(); i++) {
        assertThat(revisions.get(i)).isEqualTo(i + 1);
      }
    }
    assertThat(store.revision()).isGreaterThan(WRITERS * STEPS_PER_WRITER / 4);
  }

  @Test
  void aWatcherThatListsAgainWhenItIsOvertakenEndsWithWhatTheStoreHolds() throws Exception {
    ContainerStore store = new ContainerStore("e1", 8);
    List<Future<List<Entry>>> watchers = new ArrayList<>();
    for (int i = 0; i < WATCHERS; i++) {
      watchers.add(threads.submit(() -> new Watcher(store).listAndFollow()));
    }

    write(store);

    for (Future<List<Entry>> watcher : watchers) {
      assertThat(watcher.get()).isEqualTo(store.snapshot().entries());
    }
  }

  @Test
  void readersNeverSeeARevisionGoBack() throws Exception {
    ContainerStore store = new ContainerStore("e1", 8);
    Future<Boolean> reader =
        threads.submit(
            () -> {
              Snapshot before = store.snapshot();
              while (store.get(id(LAST)).isEmpty()) {
                Snapshot after = store.snapshot();
                long newest = after.entries().stream().mapToLong(Entry::revision).max().orElse(0);
                if (after.revision() < before.revision() || newest > after.revision()) {
                  return false;
                }
                before = after;
              }
              return true;
            });

    write(store);

    assertThat(reader.get()).isTrue();
  }

  @Test
  void whoHasReadARecordGetsNoOlderSnapshotOrRevision() throws Exception {
    ContainerStore store = new ContainerStore("e1", 8);
    store.create(container("a"));
    Future<Boolean> reader =
        threads.submit(
            () -> {
              while (store.get(id(LAST)).isEmpty()) {
                long read = store.get(id("a")).orElseThrow().revision();
                if (store.snapshot().revision() < read || store.revision() < read) {
                  return false;
                }
              }
              return true;
            });

    for (int i = 1; i < 20 * STEPS_PER_WRITER; i++) {
      int pid = i;
      store.update(id("a"), c -> withTask(c, pid));
    }
    store.create(container(LAST));

    assertThat(reader.get()).isTrue();
  }

  @Test
  void aContainerThatComesAndGoesIsAlwaysFound() throws Exception {
    ContainerStore store =
        new ContainerStore("e1", 8, Duration.ofHours(1), InstantSource.system(), System::nanoTime);
    store.create(ENDED);
    Future<Boolean> reader =
        threads.submit(
            () -> {
              while (store.get(id(LAST)).isEmpty()) {
                if (store.getOrRemoved(ENDED.id()).isEmpty()) {
                  return false;
                }
              }
              return true;
            });

    for (int i = 0; i < 20 * STEPS_PER_WRITER; i++) {
      store.delete(ENDED.id());
      store.create(ENDED);
    }
    store.create(container(LAST));

    assertThat(reader.get()).isTrue();
  }

  private void write(ContainerStore store) throws InterruptedException, ExecutionException {
    CountDownLatch start = new CountDownLatch(1);
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      Random random = new Random(i);
      Callable<Boolean> writer =
          () -> {
            start.await();
            for (int step = 0; step < STEPS_PER_WRITER; step++) {
              change(store, random);
            }
            return true;
          };
      writers.add(threads.submit(writer));
    }
    start.countDown();
    for (Future<?> writer : writers) {
      writer.get();
    }
    store.create(container(LAST));
  }

  private static void change(ContainerStore store, Random random) {
    String name = "c" + random.nextInt(10);
    switch (random.nextInt(6)) {
      case 0, 1 -> store.create(container(name));
      case 2 -> store.delete(id(name));
      default -> store.update(id(name), c -> withTask(c, c.pid() + 1));
    }
  }

  /** Follows the store until the last container comes; only a wake-up makes it look again. */
  private static final class Watcher {
    private final ContainerStore store;
    private final Semaphore woken = new Semaphore(0);

    Watcher(ContainerStore store) {
      this.store = store;
    }

    List<Long> follow(long after) throws Exception {
      List<Long> revisions = new ArrayList<>();
      try (WatchCursor cursor = store.resume(after, woken::release)) {
        Change change = next(cursor);
        while (!change.id().equals(id(LAST))) {
          revisions.add(change.revision());
          change = next(cursor);
        }
        revisions.add(change.revision());
      }
      return revisions;
    }

    List<Entry> listAndFollow() throws Exception {
      Map<ContainerId, Entry> known = new TreeMap<>();
      while (!known.containsKey(id(LAST))) {
        Following following = store.follow(woken::release);
        known.clear();
        following.snapshot().entries().forEach(c -> known.put(c.id(), c));
        try (WatchCursor cursor = following.cursor()) {
          while (!known.containsKey(id(LAST))) {
            apply(next(cursor), known);
          }
        } catch (CompactedException e) {
          // Overtaken: list again.
        }
      }
      return List.copyOf(known.values());
    }

    private static void apply(Change change, Map<ContainerId, Entry> known) {
      if (change.after() == null) {
        known.remove(change.id());
      } else {
        known.put(change.id(), change.after());
      }
    }

    private Change next(WatchCursor cursor) throws Exception {
      Optional<Change> next = cursor.next();
      while (next.isEmpty()) {
        assertThat(woken.tryAcquire(20, TimeUnit.SECONDS)).as("a wake-up").isTrue();
        assertThat(woken.availablePermits()).as("wake-ups too many").isZero();
        next = cursor.next();
        assertThat(next).as("what the wake-up was for").isPresent();
      }
      return next.get();
    }
  }
}
