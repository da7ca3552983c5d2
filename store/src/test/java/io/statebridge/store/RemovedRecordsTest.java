package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RemovedRecordsTest {
  private static final Duration RETENTION = Duration.ofMinutes(10);
  private static final Exit EXIT = new Exit(7, Instant.EPOCH.plusSeconds(9), ExitSource.SHIM);

  private Instant now = Instant.parse("2026-01-02T12:00:00Z");
  private final ContainerStore store = new ContainerStore("e1", 16, RETENTION, () -> now);

  private void runAndRemove(String name) {
    store.create(container(name).newRun(42, null).finished(EXIT));
    store.delete(id(name));
  }

  @Test
  void howARemovedContainerEndedCanBeAskedForAWhile() {
    Instant removedAt = now.plusNanos(1);
    runAndRemove("job");

    assertThat(store.getOrRemoved(id("job")))
        .contains(
            container("job").newRun(42, null).finished(EXIT).removed(removedAt).withRevision(1));

    now = now.plus(RETENTION).minusNanos(2);
    assertThat(store.getOrRemoved(id("job"))).isPresent();
    now = now.plusNanos(3);
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void aRemovedContainerIsInNoSnapshotAndNoLongerThere() {
    runAndRemove("job");
    store.create(container("other"));

    assertThat(store.get(id("job"))).isEmpty();
    assertThat(store.snapshot().containers())
        .extracting(Container::id)
        .containsExactly(id("other"));
    assertThat(store.snapshotWithRemoved().containers())
        .extracting(Container::id)
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
    assertThat(store.getOrRemoved(id("job"))).contains(container("job").withRevision(3));
    assertThat(store.snapshotWithRemoved().containers()).hasSize(1);

    store.delete(id("job"));
    assertThat(store.getOrRemoved(id("job"))).isEmpty();
  }

  @Test
  void nothingIsKeptOfWhatOnlyTheCriTells() {
    ContainerInfo info =
        new ContainerInfo(id("job"), "image", "runc", Map.of("a", "b"), "pod", now, "{}", "{}");
    store.create(Container.of(info).newRun(42, null).finished(EXIT));
    store.delete(id("job"));

    assertThat(store.getOrRemoved(id("job")).orElseThrow().info())
        .isEqualTo(new ContainerInfo(id("job"), "image", "runc", Map.of("a", "b"), "pod", now));
  }

  @Test
  void beyondTheirNumberTheLongestGoneGoFirst() {
    for (int i = 0; i <= RemovedRecords.MAX; i++) {
      runAndRemove("job" + i);
    }

    assertThat(store.getOrRemoved(id("job0"))).isEmpty();
    assertThat(store.getOrRemoved(id("job1"))).isPresent();
    assertThat(store.snapshotWithRemoved().containers()).hasSize(RemovedRecords.MAX);
  }

  @Test
  void anEarlierLifesRemovalsAreTakenOverAndExpireInTheirOrder() {
    Container late = container("a").newRun(1, null).finished(EXIT).removed(now);
    Container early =
        container("b").newRun(1, null).finished(EXIT).removed(now.minus(RETENTION).plusSeconds(1));
    Container over = container("c").newRun(1, null).finished(EXIT).removed(now.minus(RETENTION));

    store.restore(List.of(late, early, over, container("there")));

    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.snapshotWithRemoved().containers())
        .containsExactly(late, early, container("there").withRevision(1));
    assertThat(store.oldestRemoval()).isEqualTo(early.removedAt());

    now = now.plusSeconds(1);
    assertThat(store.snapshotWithRemoved().containers())
        .containsExactly(late, container("there").withRevision(1));
  }

  @Test
  void aStoreThatIsToldToKeepsNothing() {
    ContainerStore forgetful = new ContainerStore("e1", 16, Duration.ZERO, () -> now);
    ContainerId job = id("job");
    forgetful.create(container("job").newRun(42, null).finished(EXIT));
    forgetful.delete(job);

    assertThat(forgetful.getOrRemoved(job)).isEmpty();
  }
}
