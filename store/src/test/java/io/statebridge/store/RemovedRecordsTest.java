package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.loaded;
import static io.statebridge.store.Samples.removed;
import static io.statebridge.store.Samples.stored;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class RemovedRecordsTest {
  private static final Duration RETENTION = Duration.ofMinutes(10);
  private static final Exit EXIT = new Exit(7, Instant.EPOCH.plusSeconds(9), ExitSource.SHIM);

  private Instant now = Instant.parse("2026-01-02T12:00:00Z");
  private long nanos = 42;
  private final ContainerStore store =
      new ContainerStore("e1", 16, RETENTION, () -> now, () -> nanos);

  private static ContainerRecord ended(String name) {
    return Samples.ended(withTask(container(name), 42), EXIT);
  }

  private void pass(Duration time) {
    now = now.plus(time);
    nanos += time.toNanos();
  }

  private void runAndRemove(String name) {
    store.create(ended(name));
    store.delete(id(name));
  }

  @Test
  void howARemovedContainerEndedCanBeAskedForAWhile() {
    Instant removedAt = now.plusNanos(1);
    runAndRemove("job");

    assertThat(store.getOrRemoved(id("job"))).contains(removed(ended("job"), 1, removedAt));

    pass(RETENTION.minusNanos(2));
    assertThat(store.getOrRemoved(id("job"))).isPresent();
    pass(Duration.ofNanos(3));
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void aClockThatIsSetMakesNothingOlderOrYounger() {
    runAndRemove("job");

    now = now.plus(Duration.ofDays(1));
    assertThat(store.getOrRemoved(id("job"))).isPresent();
    assertThat(store.removedOf(id("job"))).isNotEmpty();

    now = now.minus(Duration.ofDays(2));
    pass(RETENTION);
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
    assertThat(store.removedOf(id("job"))).isEmpty();
  }

  @Test
  void aRemovalThatSeemsToBeYetToComeIsKeptNoLongerThanOthers() {
    Entry ahead = removed(ended("job"), 0, now.plus(Duration.ofDays(1)));
    store.restore(List.of(ahead));

    assertThat(store.getOrRemoved(id("job"))).contains(ahead);
    pass(RETENTION);
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void lateEventsAreExpectedAfterARestartHoweverLongAgoTheRemovalSeems() {
    store.restore(List.of(removed(ended("job"), 0, now.minus(Duration.ofDays(1)))));

    assertThat(store.getOrRemoved(id("job"))).isEmpty();
    assertThat(store.removedOf(id("job"))).isNotEmpty();
    pass(RemovedRecords.LATE_EVENTS);
    assertThat(store.removedOf(id("job"))).isEmpty();
  }

  @Test
  void aRemovedContainerIsInNoSnapshotAndNoLongerThere() {
    runAndRemove("job");
    store.create(container("other"));

    assertThat(store.get(id("job"))).isEmpty();
    assertThat(store.snapshot().entries()).extracting(Entry::id).containsExactly(id("other"));
    assertThat(store.snapshotWithRemoved().entries())
        .extracting(Entry::id)
        .containsExactly(id("job"), id("other"));
    assertThat(store.snapshotWithRemoved().revision()).isEqualTo(3);
  }

  @Test
  void ofAContainerThatNeverEndedNothingIsKept() {
    store.create(container("job"));
    store.delete(id("job"));

    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void aNewContainerOfTheIdTakesItsPlaceForGood() {
    runAndRemove("job");

    store.create(container("job"));
    assertThat(store.getOrRemoved(id("job"))).contains(stored(container("job"), 3));
    assertThat(store.snapshotWithRemoved().entries()).hasSize(1);

    store.delete(id("job"));
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void nothingIsKeptOfWhatOnlyTheCriTells() {
    ContainerInfo info =
        new ContainerInfo(id("job"), "image", "runc", Map.of("a", "b"), "pod", now, "{}", "{}");
    store.create(Samples.ended(withTask(ContainerRecord.of(info), 42), EXIT));
    store.delete(id("job"));

    assertThat(store.getOrRemoved(id("job")).orElseThrow().record().info())
        .isEqualTo(new ContainerInfo(id("job"), "image", "runc", Map.of("a", "b"), "pod", now));
  }

  @Test
  void beyondTheirNumberTheLongestGoneGoFirst() {
    for (int i = 0; i <= RemovedRecords.MAX; i++) {
      runAndRemove("job" + i);
    }

    assertThat(store.getOrRemoved(id("job0"))).isEmpty();
    assertThat(store.getOrRemoved(id("job1"))).isPresent();
    assertThat(store.snapshotWithRemoved().entries()).hasSize(RemovedRecords.MAX);
  }

  @Test
  void anEarlierLifesRemovalsAreTakenOverAndExpireInTheirOrder() {
    Entry late = removed(ended("a"), 0, now);
    Entry early = removed(ended("b"), 0, now.minus(RETENTION).plusSeconds(1));
    Entry over = removed(ended("c"), 0, now.minus(RETENTION));

    store.restore(List.of(late, early, over, loaded("there")));

    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.snapshotWithRemoved().entries())
        .containsExactly(late, early, stored(container("there"), 1));
    assertThat(store.oldestRemoval()).isEqualTo(early.removedAt());

    pass(Duration.ofSeconds(1));
    assertThat(store.snapshotWithRemoved().entries())
        .containsExactly(late, stored(container("there"), 1));
  }

  @Test
  void aStoreThatIsToldToKeepsNothing() {
    ContainerStore forgetful = new ContainerStore("e1", 16, Duration.ZERO, () -> now, () -> nanos);
    ContainerId job = id("job");
    forgetful.create(ended("job"));
    forgetful.delete(job);

    assertThat(forgetful.getOrRemoved(job)).isEmpty();
  }

  @Test
  void forLateEventsTheLastRecordIsKeptForAMinuteAlsoWhereNobodyCanAskForIt() {
    ContainerStore forgetful = new ContainerStore("e1", 16, Duration.ZERO, () -> now, () -> nanos);
    ContainerId job = id("job");
    forgetful.create(ended("job"));
    assertThat(forgetful.removedOf(job)).isEmpty();
    forgetful.delete(job);

    assertThat(forgetful.removedOf(job)).containsExactly(ended("job").ofRemoved());
    assertThat(forgetful.removedOf(job).getFirst().run().pid()).isEqualTo(42);
    assertThat(forgetful.snapshotWithRemoved().entries()).isEmpty();

    pass(RemovedRecords.LATE_EVENTS.minusNanos(1));
    assertThat(forgetful.removedOf(job)).isNotEmpty();
    pass(Duration.ofNanos(1));
    assertThat(forgetful.removedOf(job)).isEmpty();
  }

  @Test
  void theLastRecordIsKeptAsLongAsItCanBeAskedFor() {
    runAndRemove("job");

    pass(RETENTION.minusNanos(1));
    assertThat(store.removedOf(id("job"))).isNotEmpty();
    pass(Duration.ofNanos(1));
    assertThat(store.removedOf(id("job"))).isEmpty();
  }

  @Test
  void forLateEventsTheLastRecordIsKeptThoughAnotherContainerHasTheId() {
    runAndRemove("job");

    store.create(container("job"));

    assertThat(store.removedOf(id("job"))).containsExactly(ended("job").ofRemoved());
    assertThat(store.getOrRemoved(id("job"))).contains(stored(container("job"), 3));
    store.delete(id("job"));
    assertThat(store.removedOf(id("job"))).containsExactly(ended("job").ofRemoved());
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
    assertThat(store.snapshotWithRemoved().entries()).isEmpty();
  }

  @Test
  void theLastRecordIsOfTheContainerThatWasRemovedLast() {
    runAndRemove("job");
    store.create(container("job"));
    store.delete(id("job"));

    Exit second = EXIT.withReason(Exit.OOM_KILLED);
    store.create(Samples.ended(withTask(container("job"), 43), second));
    store.delete(id("job"));

    assertThat(store.removedOf(id("job")).getFirst().exit()).isEqualTo(second);
    assertThat(store.getOrRemoved(id("job"))).isPresent();
  }

  @Test
  void forLateEventsThereIsMoreThanOneOfAnIdButNotWithoutEnd() {
    for (int pid = 1; pid <= RemovedRecords.MAX_PER_ID + 2; pid++) {
      store.create(Samples.ended(withTask(container("job"), pid), EXIT));
      store.delete(id("job"));
    }

    assertThat(store.removedOf(id("job")))
        .extracting(record -> record.run().pid())
        .containsExactly(6L, 5L, 4L, 3L);
    assertThat(store.snapshotWithRemoved().entries()).hasSize(1);

    pass(RemovedRecords.LATE_EVENTS);
    runAndRemove("job");
    assertThat(store.removedOf(id("job")))
        .extracting(record -> record.run().pid())
        .containsExactly(42L);
  }

  @Test
  void theEndOfOneThatWasSucceededIsKnownBetterForLateEventsAlone() {
    ContainerRecord first = Samples.ended(withTask(container("job"), 41), EXIT);
    store.create(first);
    store.delete(id("job"));
    runAndRemove("job");

    store.amendRemoved(
        Samples.ended(withTask(container("job"), 41), EXIT.withReason(Exit.OOM_KILLED)));

    assertThat(store.removedOf(id("job")))
        .extracting(record -> Objects.requireNonNull(record.exit()).reason())
        .containsExactly(EXIT.reason(), Exit.OOM_KILLED);
    assertThat(store.takeAmended()).isEmpty();
  }

  private static ContainerRecord endedBetter(String name) {
    return Samples.ended(withTask(container(name), 42), EXIT.withReason(Exit.OOM_KILLED))
        .ofRemoved();
  }

  @Test
  void anEndThatIsKnownBetterIsToldFromThenOn() {
    Instant removedAt = now.plusNanos(1);
    runAndRemove("job");
    long revision = store.revision();

    store.amendRemoved(endedBetter("job"));

    assertThat(store.getOrRemoved(id("job"))).contains(removed(endedBetter("job"), 1, removedAt));
    assertThat(store.removedOf(id("job"))).containsExactly(endedBetter("job"));
    assertThat(store.revision()).isEqualTo(revision);
  }

  @Test
  void whatWasAmendedIsTakenOnce() {
    runAndRemove("job");
    runAndRemove("as it was");
    store.amendRemoved(endedBetter("job"));

    assertThat(store.takeAmended()).extracting(Entry::record).containsExactly(endedBetter("job"));
    assertThat(store.takeAmended()).isEmpty();
  }

  @Test
  void onlyWhatCanBeAskedForIsTaken() {
    runAndRemove("back");
    runAndRemove("over");
    store.amendRemoved(endedBetter("back"));
    store.amendRemoved(endedBetter("over"));
    store.amendRemoved(endedBetter("never there"));

    store.create(container("back"));
    pass(RETENTION.plusNanos(10));

    assertThat(store.takeAmended()).isEmpty();
    assertThat(store.get(id("back"))).contains(stored(container("back"), 5));
    assertThat(store.getOrRemoved(id("never there"))).isEmpty();
  }

  @Test
  void whatIsAmendedForLateEventsAloneIsNotForTheDisk() {
    ContainerStore forgetful = new ContainerStore("e1", 16, Duration.ZERO, () -> now, () -> nanos);
    forgetful.create(ended("job"));
    forgetful.delete(id("job"));

    forgetful.amendRemoved(endedBetter("job"));

    assertThat(forgetful.removedOf(id("job"))).containsExactly(endedBetter("job"));
    assertThat(forgetful.takeAmended()).isEmpty();
  }

  @Test
  void anAmendedRecordKeepsItsPlaceInTheOrderOfRemovals() {
    Instant removedAt = now.plusNanos(1);
    runAndRemove("early");
    pass(Duration.ofSeconds(1));
    runAndRemove("late");

    store.amendRemoved(endedBetter("early"));

    assertThat(store.oldestRemoval()).isEqualTo(removedAt);
  }
}
