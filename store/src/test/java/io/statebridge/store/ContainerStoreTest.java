package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
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
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerStoreTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final ContainerStore store = new ContainerStore("e1", 16);

  /** Readers and the writer do not wait for each other. */
  @Test
  void lookingUpTakesNoLock() throws Exception {
    store.create(container("web"));
    store.create(
        Samples.ended(withTask(container("gone"), 42), new Exit(7, NOON, ExitSource.EVENT)));
    store.delete(id("gone"));
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch lookedUp = new CountDownLatch(1);
    Thread writer =
        Thread.ofPlatform()
            .start(
                () ->
                    store.update(
                        id("web"),
                        before -> {
                          writing.countDown();
                          awaitUninterruptibly(lookedUp);
                          return before;
                        }));
    awaitUninterruptibly(writing);

    List<Boolean> found =
        CompletableFuture.supplyAsync(
                () ->
                    List.of(
                        store.get(id("web")).isPresent(),
                        store.getOrRemoved(id("gone")).isPresent(),
                        store.beginningWith("", "w").isEmpty(),
                        store.removedBeginningWith(id("web").namespace(), "go").isEmpty()))
            .get(10, TimeUnit.SECONDS);

    lookedUp.countDown();
    writer.join();
    assertThat(found).containsExactly(true, false, false, true);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatBeginsSoIsFoundInItsOrderInOneNamespaceOrAll() {
    for (String name : List.of("web-2", "web-1", "we", "wf", "a")) {
      store.create(container(name));
    }

    String namespace = id("a").namespace();
    assertThat(store.beginningWith(namespace, "we"))
        .extracting(Entry::id)
        .containsExactly(id("we"), id("web-1"), id("web-2"));
    assertThat(store.beginningWith("", "web-"))
        .extracting(Entry::id)
        .containsExactly(id("web-1"), id("web-2"));
    assertThat(store.beginningWith(namespace + "x", "we")).isEmpty();
    assertThat(store.beginningWith(namespace, "web-11")).isEmpty();
  }

  @Test
  void aFreshStoreIsEmptyAndAtRevisionZero() {
    assertThat(store.snapshot()).isEqualTo(new Snapshot("e1", 0, List.of()));
    assertThat(store.revision()).isZero();
    assertThat(store.compactRevision()).isZero();
    assertThat(store.get(id("a"))).isEmpty();
  }

  @Test
  void createStoresTheRecordWithTheRevisionOfItsCommit() {
    Optional<Entry> created = store.create(container("a"));

    assertThat(created).contains(stored(container("a"), 1));
    assertThat(store.get(id("a"))).isEqualTo(created);
  }

  @Test
  void createFailsIfTheIdExistsAndChangesNothing() {
    store.create(container("a"));

    Optional<Entry> again = store.create(withTask(container("a"), 42));

    assertThat(again).isEmpty();
    assertThat(store.get(id("a"))).contains(stored(container("a"), 1));
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void createFailsIfTheSameRecordExists() {
    store.create(container("a"));

    assertThat(store.create(container("a"))).isEmpty();
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void updateAppliesTheFunctionToTheRecordAsItIs() {
    store.create(container("a"));
    store.update(id("a"), c -> withTask(c, 42));

    Optional<Entry> updated = store.update(id("a"), c -> c.withOrphaned(c.pid() == 42));

    assertThat(updated).contains(stored(withTask(container("a"), 42).withOrphaned(true), 3));
    assertThat(store.get(id("a"))).isEqualTo(updated);
  }

  @Test
  void updateOfAnUnknownIdIsEmptyAndDoesNotAskTheFunction() {
    AtomicInteger asked = new AtomicInteger();

    Optional<Entry> updated =
        store.update(
            id("a"),
            c -> {
              asked.incrementAndGet();
              return c;
            });

    assertThat(updated).isEmpty();
    assertThat(asked).hasValue(0);
    assertThat(store.revision()).isZero();
  }

  @Test
  void anUpdateThatThrowsLeavesTheRecordAndTheRevisionAsTheyWere() {
    store.create(container("a"));
    IllegalStateException thrown = new IllegalStateException("no");

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(
            () ->
                store.update(
                    id("a"),
                    c -> {
                      throw thrown;
                    }))
        .isSameAs(thrown);

    assertThat(store.get(id("a"))).contains(stored(container("a"), 1));
    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.create(container("b"))).map(Entry::revision).contains(2L);
  }

  @Test
  void anUpdateThatChangesNothingIsNoCommit() {
    Optional<Entry> before = store.create(container("a"));

    Optional<Entry> updated = store.update(id("a"), c -> c.withOrphaned(false).withRun(c.run()));

    assertThat(updated).isEqualTo(before);
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void anUpdateCannotChangeTheId() {
    store.create(container("a"));
    ContainerId elsewhere = new ContainerId("k8s.io", "a");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.update(id("a"), c -> container(elsewhere)))
        .withMessageContaining("default/a")
        .withMessageContaining("k8s.io/a");

    assertThat(store.snapshot().entries()).containsExactly(stored(container("a"), 1));
    assertThat(store.revision()).isEqualTo(1);
  }

  @Test
  void deleteIsIdempotent() {
    store.create(container("a"));

    store.delete(id("a"));
    store.delete(id("a"));
    store.delete(id("never there"));

    assertThat(store.get(id("a"))).isEmpty();
    assertThat(store.revision()).isEqualTo(2);
  }

  @Test
  void aDeletedIdCanBeCreatedAgain() {
    store.create(container("a"));
    store.delete(id("a"));

    assertThat(store.create(container("a"))).contains(stored(container("a"), 3));
  }

  @Test
  void theSameIdInTwoNamespacesIsTwoContainers() {
    ContainerId other = new ContainerId("k8s.io", "a");
    store.create(container("a"));
    store.create(container(other));

    store.delete(id("a"));

    assertThat(store.get(other)).isPresent();
  }

  @Test
  void aSnapshotIsOrderedByIdAndSaysWhatItIsOf() {
    store.create(container("b"));
    store.create(container(new ContainerId("buildkit", "z")));
    store.create(container("a"));

    Snapshot snapshot = store.snapshot();

    assertThat(snapshot.epoch()).isEqualTo("e1");
    assertThat(snapshot.revision()).isEqualTo(3);
    assertThat(snapshot.entries())
        .extracting(c -> c.id().toString())
        .containsExactly("buildkit/z", "default/a", "default/b");
    assertThat(snapshot.entries()).isUnmodifiable();
  }

  @Test
  void aSnapshotIsTheSameObjectUntilTheNextCommitAndThenStaysAsItWas() {
    store.create(container("a"));
    Snapshot before = store.snapshot();
    store.update(id("a"), c -> c);
    Snapshot unchanged = store.snapshot();

    store.delete(id("a"));

    assertThat(unchanged).isSameAs(before);
    assertThat(before.entries()).hasSize(1);
    assertThat(store.snapshot()).isEqualTo(new Snapshot("e1", 2, List.of()));
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 1", "0, -5, 1", "0, 1, 1", "0, 7, 7"})
  void aCommitIsLaterThanTheOneBeforeWhateverTheClockSays(long first, long second, long at)
      throws Exception {
    Queue<Instant> times = new ArrayDeque<>(List.of(NOON.plusNanos(first), NOON.plusNanos(second)));
    ContainerStore timed =
        new ContainerStore("e1", 16, Duration.ZERO, times::remove, System::nanoTime);

    timed.create(container("a"));
    timed.update(id("a"), c -> c);
    timed.delete(id("a"));

    WatchCursor cursor = timed.resume(0, () -> {});
    assertThat(cursor.next()).map(Change::at).contains(NOON.plusNanos(first));
    assertThat(cursor.next()).map(Change::at).contains(NOON.plusNanos(at));
  }

  @Test
  void anEpochIsNeeded() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ContainerStore("", 16))
        .withMessageContaining("epoch");
  }
}
