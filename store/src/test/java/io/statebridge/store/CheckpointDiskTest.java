package io.statebridge.store;

import static io.statebridge.store.CheckpointFixture.awaitEnd;
import static io.statebridge.store.CheckpointFixture.names;
import static io.statebridge.store.CheckpointFixture.reload;
import static io.statebridge.store.CheckpointFixture.start;
import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.loaded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.store.CheckpointStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are full, read-only or not there, and come back. Needs root. */
@Timeout(60)
final class CheckpointDiskTest {

  @TempDir private Path dir;
  private Disk disk;
  private Path state;

  @BeforeEach
  void mount() throws IOException {
    disk = Disk.mount(dir.resolve("disk"), "512k");
    state = disk.path().resolve("state");
  }

  @AfterEach
  void unmount() throws IOException {
    awaitEnd();
    disk.close();
  }

  private void makeWith(String... names) throws Exception {
    try (CheckpointFixture daemon = start(state)) {
      for (String name : names) {
        daemon.put(name);
      }
    }
  }

  /** Commits until the disk has no room for it. */
  private static void commitUntilDegraded(CheckpointFixture daemon) {
    int[] count = {0};
    await()
        .until(
            () -> {
              daemon.store.create(container("c" + count[0]++));
              return daemon.checkpoint.status().state() == State.DEGRADED;
            });
  }

  private static void assertServesFromMemory(CheckpointFixture daemon) {
    long revision = daemon.store.create(container("in memory")).orElseThrow().revision();
    assertThat(daemon.checkpoint.durable(revision).toCompletableFuture()).isDone();
    assertThat(daemon.store.get(id("in memory"))).isPresent();
  }

  @Test
  void aFullDiskDegradesItUntilThereIsSpaceAndThenEverythingIsOnIt() throws Exception {
    List<Entry> expected;
    try (CheckpointFixture daemon = start(state)) {
      daemon.put("before");
      disk.fill();
      commitUntilDegraded(daemon);
      assertServesFromMemory(daemon);
      daemon.store.delete(id("before"));
      CheckpointStatus full = daemon.checkpoint.status();
      assertThat(full.lastError()).contains(state.resolve("checkpoint.db").toString());
      assertThat(full.lastError())
          .containsAnyOf("free space", "with space left", "look at the disk");

      disk.remount("size=8m");
      CheckpointStatus back = daemon.awaitState(State.DURABLE);
      daemon.put("after");

      assertThat(back.lastError()).isNotEmpty();
      assertThat(back.setAside()).isNull();
      expected = daemon.records();
    }
    assertThat(reload(state)).isEqualTo(expected);
  }

  @Test
  void whatWasDurableBeforeTheDiskWasFullStaysDurable() throws Exception {
    try (CheckpointFixture daemon = start(state)) {
      daemon.put("before");
      disk.fill();
      commitUntilDegraded(daemon);
    }
    disk.remount("size=8m");

    assertThat(reload(state)).contains(loaded("before"));
  }

  @Test
  void aFullDiskIsReadAtTheStart() throws Exception {
    makeWith("a", "b");
    disk.fill();

    try (CheckpointFixture daemon = start(state)) {
      assertThat(daemon.loaded).containsExactly(loaded("a"), loaded("b"));

      commitUntilDegraded(daemon);
      disk.remount("size=8m");
      daemon.awaitState(State.DURABLE);
      daemon.put("c");

      assertThat(daemon.checkpoint.status().setAside()).isNull();
      assertThat(daemon.records()).contains(loaded("a"), loaded("b"), loaded("c"));
    }
  }

  @Test
  void aReadOnlyDiskIsReadAtTheStartAndWrittenOnceItCanBe() throws Exception {
    makeWith("a", "b");
    disk.remount("ro");

    try (CheckpointFixture daemon = start(state)) {
      assertThat(daemon.loaded).containsExactly(loaded("a"), loaded("b"));
      CheckpointStatus status = daemon.checkpoint.status();
      assertThat(status.state()).isEqualTo(State.DEGRADED);
      assertThat(status.lastError())
          .contains("Read-only file system")
          .contains("make " + state + " a directory that this user can write to");
      daemon.store.delete(id("a"));
      assertServesFromMemory(daemon);

      disk.remount("rw");
      daemon.awaitState(State.DURABLE);

      assertThat(daemon.checkpoint.status().setAside()).isNull();
    }
    assertThat(reload(state)).containsExactly(loaded("b"), loaded("in memory"));
  }

  @Test
  void aReadOnlyDiskIsReadWithItsLog() throws Exception {
    try (CheckpointFixture crashed = start(dir.resolve("crashed"))) {
      crashed.put("a");
      Files.createDirectories(state);
      for (String part : List.of("checkpoint.db", "checkpoint.db-wal")) {
        Files.copy(dir.resolve("crashed").resolve(part), state.resolve(part));
      }
    }
    disk.remount("ro");

    try (CheckpointFixture daemon = start(state)) {
      assertThat(daemon.loaded).containsExactly(loaded("a"));
    }
    disk.remount("rw");
  }

  @Test
  void anotherDiskInItsPlaceIsWrittenOnceItCanBe() throws Exception {
    List<Entry> expected;
    try (CheckpointFixture daemon = start(state)) {
      daemon.put("a");
      disk.close();
      disk = Disk.mount(disk.path(), "512k,ro");
      daemon.awaitState(State.DEGRADED);
      assertServesFromMemory(daemon);

      disk.remount("rw");
      daemon.awaitState(State.DURABLE);
      expected = daemon.records();
    }
    assertThat(reload(state)).isEqualTo(expected);
  }

  @Test
  void aPathBelowAFileDegradesItUntilItIsADirectory() throws Exception {
    Path file = dir.resolve("file");
    Path below = file.resolve("state");
    Files.createFile(file);

    try (CheckpointFixture daemon = start(below)) {
      assertThat(daemon.loaded).isEmpty();
      assertThat(daemon.checkpoint.status().state()).isEqualTo(State.DEGRADED);
      assertThat(daemon.checkpoint.status().lastError()).contains(below.toString());
      assertServesFromMemory(daemon);

      Files.delete(file);
      daemon.awaitState(State.DURABLE);
    }
    assertThat(reload(below)).containsExactly(loaded("in memory"));
  }

  @Test
  void aDiskThatIsMountedLateIsNotOverwritten() throws Exception {
    makeWith("old");
    Path late = dir.resolve("late");
    Files.createFile(late);

    try (CheckpointFixture daemon = start(late)) {
      assertThat(daemon.loaded).isEmpty();
      daemon.store.create(container("new"));

      // In one step: the daemon makes the directory itself as soon as nothing is in its place.
      Files.move(
          Files.createSymbolicLink(dir.resolve("link"), state),
          late,
          StandardCopyOption.ATOMIC_MOVE);
      CheckpointStatus status = daemon.awaitState(State.DURABLE);

      assertThat(status.setAside()).isNotNull();
      assertThat(status.lastError()).contains("could not be read at the start");
    }
    assertThat(reload(state)).containsExactly(loaded("new"));
    assertThat(names(state)).contains("checkpoint.db.unread-20260203T040506.789Z", "checkpoint.db");
  }

  @Test
  void closeTriesADegradedDiskOnceMore() throws Exception {
    CheckpointLimits patient =
        new CheckpointLimits(
            CheckpointFixture.QUICK.durableTimeout(),
            CheckpointFixture.QUICK.busyTimeout(),
            Duration.ofDays(1),
            Duration.ofDays(1),
            CheckpointFixture.QUICK.checkPeriod(),
            CheckpointFixture.QUICK.closeTimeout(),
            64,
            3);
    makeWith("a");
    disk.remount("ro");
    try (CheckpointFixture daemon = start(state, patient)) {
      daemon.store.create(container("b"));
      disk.remount("rw");
    }

    assertThat(reload(state)).containsExactly(loaded("a"), loaded("b"));
  }
}
