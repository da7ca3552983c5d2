package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.ended;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.stored;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.None;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OutOfMemoryNotesTest {
  private static final ContainerId JOB = id("job");
  private static final Exit EXIT = new Exit(137, Instant.EPOCH, ExitSource.EVENT);

  private final ContainerStore store = new ContainerStore("e1", 16);

  @BeforeEach
  void createJob() {
    store.create(withTask(container("job"), 42));
  }

  @Test
  void aNoteIsOfOneRun() {
    store.noteOutOfMemory(JOB, 42);

    assertThat(store.ranOutOfMemory(JOB, 42)).isTrue();
    assertThat(store.ranOutOfMemory(JOB, 43)).isFalse();
    assertThat(store.ranOutOfMemory(id("other"), 42)).isFalse();
    assertThat(store.outOfMemoryNotes()).isEqualTo(Map.of(JOB, 42L));
  }

  @Test
  void aNoteWithoutAPidIsOfWhateverRunThereIs() {
    store.noteOutOfMemory(JOB, 0);
    store.noteOutOfMemory(id("not known yet"), 0);

    assertThat(store.ranOutOfMemory(JOB, 42)).isTrue();
    assertThat(store.ranOutOfMemory(id("not known yet"), 7)).isTrue();
  }

  @Test
  void aNoteChangesNoRecordAndIsNoCommit() {
    store.noteOutOfMemory(JOB, 42);

    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.get(JOB)).contains(stored(withTask(container("job"), 42), 1));
  }

  @Test
  void aNoteStaysUntilTheExitIsRecorded() {
    store.noteOutOfMemory(JOB, 42);

    store.update(JOB, c -> c.withOrphaned(true));
    store.update(
        JOB,
        c -> c.withRun(new Ending(new Created(42, null), PendingExit.of(EXIT, Instant.EPOCH))));
    assertThat(store.ranOutOfMemory(JOB, 42)).isTrue();

    store.update(JOB, c -> ended(c, EXIT));
    assertThat(store.outOfMemoryNotes()).isEmpty();
  }

  /** It may still come. */
  @Test
  void aNoteStaysWhenNobodyObservedTheExit() {
    store.noteOutOfMemory(JOB, 42);

    store.update(JOB, c -> c.withRun(new None(42, null)));
    assertThat(store.ranOutOfMemory(JOB, 42)).isTrue();
    store.update(JOB, c -> ended(withTask(c, 42), Exit.unseen(Instant.EPOCH)));
    assertThat(store.ranOutOfMemory(JOB, 42)).isTrue();

    store.update(JOB, c -> ended(withTask(c, 42), EXIT));
    assertThat(store.outOfMemoryNotes()).isEmpty();
  }

  @Test
  void aNoteGoesWithItsRun() {
    store.noteOutOfMemory(JOB, 42);

    store.update(JOB, c -> withTask(c, 43));

    assertThat(store.outOfMemoryNotes()).isEmpty();
  }

  @Test
  void aNoteGoesWithItsContainer() {
    store.noteOutOfMemory(JOB, 42);

    store.delete(JOB);

    assertThat(store.outOfMemoryNotes()).isEmpty();
  }

  @Test
  void beyondTheirNumberTheOldestGoes() {
    for (int i = 0; i <= OutOfMemoryNotes.MAX; i++) {
      store.noteOutOfMemory(id("c" + i), 1);
    }

    assertThat(store.outOfMemoryNotes()).hasSize(OutOfMemoryNotes.MAX);
    assertThat(store.ranOutOfMemory(id("c0"), 1)).isFalse();
    assertThat(store.ranOutOfMemory(id("c1"), 1)).isTrue();
  }

  @Test
  void whoFollowsTheStoreIsWokenByEachNewNoteOnce() throws Exception {
    AtomicInteger wakeUps = new AtomicInteger();
    try (WatchCursor cursor = store.follow(wakeUps::incrementAndGet).cursor()) {
      assertThat(cursor.next()).isEmpty();

      store.noteOutOfMemory(JOB, 42);
      assertThat(cursor.next()).isEmpty();
      store.noteOutOfMemory(JOB, 42);

      assertThat(wakeUps).hasValue(1);
    }
  }

  @Test
  void theNotesAreTheSameObjectUntilOneComesOrGoes() {
    store.noteOutOfMemory(JOB, 42);
    Map<ContainerId, Long> notes = store.outOfMemoryNotes();

    store.create(container("other"));
    store.delete(id("other"));
    assertThat(store.outOfMemoryNotes()).isSameAs(notes);

    store.delete(JOB);
    assertThat(notes).hasSize(1);
    assertThat(store.outOfMemoryNotes()).isEmpty();
  }
}
