package io.statebridge.store;

import static io.statebridge.store.CheckpointFixture.CLOCK;
import static io.statebridge.store.CheckpointFixture.HASTY_TO_CLOSE;
import static io.statebridge.store.CheckpointFixture.NOW;
import static io.statebridge.store.CheckpointFixture.QUICK;
import static io.statebridge.store.CheckpointFixture.RETENTION;
import static io.statebridge.store.CheckpointFixture.UNFRIENDLY;
import static io.statebridge.store.CheckpointFixture.awaitEnd;
import static io.statebridge.store.CheckpointFixture.connect;
import static io.statebridge.store.CheckpointFixture.names;
import static io.statebridge.store.CheckpointFixture.reload;
import static io.statebridge.store.CheckpointFixture.start;
import static io.statebridge.store.CheckpointFixture.startRetaining;
import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.loaded;
import static io.statebridge.store.Samples.removed;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.store.CheckpointStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
final class CheckpointTest {
  private static final Instant STARTED = Instant.parse("2026-01-02T03:04:05.000000001Z");
  private static final Instant ENDED = Instant.parse("2026-01-02T03:04:06.999999999Z");
  private static final Exit EXIT =
      new Exit(137, ENDED, ExitSource.SHIM, "Error", "killed\nby 'hand'");

  @TempDir private Path dir;

  private static final Running RUNNING = new Running(42, STARTED.minusNanos(1), STARTED, false);
  private static final Running PAUSED = new Running(42, STARTED.minusNanos(1), STARTED, true);

  private static ContainerRecord running(String name) {
    return container(name).withRun(RUNNING);
  }

  private static ContainerRecord ending(String name, Live live) {
    return container(name).withRun(new Ending(live, PendingExit.of(EXIT, ENDED.plusNanos(7))));
  }

  private static ContainerRecord ended(String name) {
    return Samples.ended(running(name), EXIT);
  }

  private static Stream<ContainerRecord> records() {
    ContainerInfo bare = new ContainerInfo(id("bare"), "", "", Map.of(), "", null);
    ContainerInfo told =
        new ContainerInfo(
            new ContainerId("k8s.io", "é'\"; DROP TABLE container; --"),
            "docker.io/library/busybox:1",
            "io.containerd.runc.v2",
            Map.of("", "", "größe", "日本\uD83D\uDE80", "nul", "a\0b", "lines", "a\r\nb"),
            "pod",
            Instant.MIN,
            "{\"Version\":\"v1\"}",
            "{\"annotations\":{}}");
    return Stream.of(
        ContainerRecord.of(bare),
        ContainerRecord.of(told),
        ContainerRecord.of(told)
            .withRun(new Running(4_294_967_295L, Instant.MAX, Instant.MAX, false)),
        ContainerRecord.of(told)
            .withRun(new Running(Long.MAX_VALUE, null, STARTED, true))
            .withBundle("/run/b\u00e4"),
        ContainerRecord.of(told).withRun(new Created(Long.MAX_VALUE, null)),
        container("undone").withRun(new None(0, STARTED)),
        container("created").withRun(new Created(42, STARTED)),
        running("running"),
        running("orphaned").withOrphaned(true),
        container("paused").withRun(PAUSED),
        container("vm").withRun(new WithoutProcess(STARTED, false)),
        container("paused vm").withRun(new WithoutProcess(STARTED, true)),
        ending("pending", RUNNING),
        ending("never started", new Created(42, STARTED)),
        ending("vm", new WithoutProcess(STARTED, false)),
        container("failing")
            .withRun(
                new Ending(
                    PAUSED,
                    PendingExit.of(Exit.unseen(ENDED), ENDED)
                        .afterFailedDelete("no")
                        .afterFailedDelete("still not"))),
        ended("exited"),
        Samples.ended(running("oom"), EXIT.withReason(Exit.OOM_KILLED)),
        Samples.ended(container("unknown run"), EXIT),
        Samples.ended(running("zero"), new Exit(0, Instant.EPOCH, ExitSource.EVENT)),
        container("cleanup").withRun(new Ended(42, STARTED, EXIT, true)));
  }

  @ParameterizedTest
  @MethodSource("records")
  void everyFactOfARecordComesBack(ContainerRecord record) throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.store.create(record);
      daemon.awaitDurable();
    }

    assertThat(reload(dir)).containsExactly(loaded(record));
  }

  @ParameterizedTest
  @MethodSource("records")
  void everyFactOfARecordReplacesTheOneBefore(ContainerRecord record) throws Exception {
    ContainerInfo other =
        new ContainerInfo(
            record.id(), "other", "other", Map.of("other", "x"), "other", Instant.EPOCH);
    ContainerRecord bare = ContainerRecord.of(other);
    for (ContainerRecord before :
        List.of(
            bare,
            bare.withRun(new Ended(7, null, EXIT.withReason("Other"), true)).withOrphaned(true),
            bare.withRun(
                new Ending(new Running(7, STARTED, STARTED, true), PendingExit.of(EXIT, ENDED))))) {
      try (CheckpointFixture daemon = start(dir)) {
        daemon.store.delete(record.id());
        daemon.store.create(before);
        daemon.awaitDurable();

        daemon.store.update(record.id(), c -> record);
        daemon.awaitDurable();
      }

      assertThat(reload(dir)).containsExactly(loaded(record));
    }
  }

  @Test
  void whatLoadReturnsIsOrderedById() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("b");
      daemon.store.create(container(new ContainerId("a", "z")));
      daemon.put("a");
    }

    assertThat(reload(dir))
        .containsExactly(loaded(container(new ContainerId("a", "z"))), loaded("a"), loaded("b"));
  }

  @Test
  void aDeletedRecordLeavesNoRow() throws Exception {
    ContainerInfo labelled =
        new ContainerInfo(id("a"), "", "", Map.of("x", "1", "y", "2"), "", null);
    try (CheckpointFixture daemon = start(dir)) {
      daemon.store.create(ContainerRecord.of(labelled));
      daemon.put("b");

      daemon.store.delete(id("a"));
      daemon.awaitDurable();

      assertThat(query("SELECT count(*) FROM label")).isEqualTo("0");
      assertThat(query("SELECT group_concat(id) FROM container")).isEqualTo("b");
    }
  }

  @Test
  void theEndOfARemovedContainerIsStillThereAfterARestart() throws Exception {
    ContainerRecord job = ended("job");
    Instant removedAt = NOW.plusNanos(1);
    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      daemon.store.create(job);
      daemon.awaitDurable();

      daemon.store.delete(id("job"));
      daemon.awaitDurable();
    }

    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      assertThat(daemon.loaded).containsExactly(removed(job, 0, removedAt));
      assertThat(daemon.store.getOrRemoved(id("job"))).contains(removed(job, 0, removedAt));
      assertThat(daemon.store.snapshot().entries()).isEmpty();
    }
    assertThat(reload(dir)).containsExactly(removed(job, 0, removedAt));
  }

  @Test
  void aLifeBetweenTwoWritesLeavesItsEnd() throws Exception {
    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      daemon.put("other");
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        daemon.store.create(ended("job"));
        daemon.store.delete(id("job"));
        lock.execute("ROLLBACK");
      }
      daemon.awaitDurable();
    }

    assertThat(reload(dir)).extracting(Entry::id).containsExactly(id("job"), id("other"));
  }

  @Test
  void aNewContainerTakesThePlaceOfARemovedOneOnDisk() throws Exception {
    ContainerInfo labelled = new ContainerInfo(id("job"), "", "", Map.of("x", "1"), "", null);
    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      daemon.store.create(ContainerRecord.of(labelled).withRun(new Ended(42, null, EXIT, false)));
      daemon.store.delete(id("job"));
      daemon.awaitDurable();

      daemon.put("job");
    }
    assertThat(reload(dir)).containsExactly(loaded("job"));

    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      daemon.store.delete(id("job"));
      daemon.awaitDurable();
    }
    assertThat(reload(dir)).isEmpty();
  }

  @Test
  void whatWasRemovedLongAgoGoesFromTheDisk() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(NOW.plusMillis(500));
    try (CheckpointFixture daemon = startRetaining(dir, now::get)) {
      daemon.store.create(ended("early"));
      daemon.store.delete(id("early"));
      now.set(NOW.plusSeconds(2));
      daemon.store.create(ended("late"));
      daemon.store.delete(id("late"));
      daemon.awaitDurable();
      assertThat(query("SELECT count(*) FROM container")).isEqualTo("2");

      now.set(NOW.plusSeconds(1).plus(RETENTION));

      await().until(() -> query("SELECT group_concat(id) FROM container").equals("late"));
    }
  }

  @Test
  void anEndThatIsKnownBetterAfterTheRemovalIsOnDiskToo() throws Exception {
    ContainerRecord unseen = Samples.ended(running("job"), Exit.unseen(ENDED));
    ContainerRecord known = Samples.ended(running("job"), EXIT).ofRemoved();
    try (CheckpointFixture daemon = startRetaining(dir, CLOCK)) {
      daemon.store.create(unseen);
      daemon.store.delete(id("job"));
      daemon.awaitDurable();

      daemon.store.amendRemoved(known);

      await().until(() -> query("SELECT exit_code FROM container").equals("137"));
    }
    assertThat(reload(dir)).containsExactly(removed(known, 0, NOW.plusNanos(1)));
  }

  @Test
  void aRunThatRanOutOfMemoryIsStillNotedAfterARestart() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.store.create(running("job"));
      daemon.awaitDurable();

      daemon.store.noteOutOfMemory(id("job"), 42);
      daemon.store.noteOutOfMemory(id("not known yet"), 0);

      await().until(() -> query("SELECT count(*) FROM out_of_memory").equals("2"));
    }

    try (CheckpointFixture daemon = start(dir)) {
      assertThat(daemon.store.outOfMemoryNotes())
          .isEqualTo(Map.of(id("job"), 42L, id("not known yet"), 0L));
      daemon.store.update(id("job"), c -> Samples.ended(c, EXIT));
      daemon.awaitDurable();

      assertThat(query("SELECT group_concat(id) FROM out_of_memory")).isEqualTo("not known yet");
    }
  }

  @Test
  void aNoteIsOnDiskNoLaterThanTheCommitAfterIt() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("job");
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        daemon.store.create(container("first"));
        daemon.store.noteOutOfMemory(id("job"), 0);
        daemon.store.create(container("second"));
        lock.execute("ROLLBACK");
      }
      daemon.awaitDurable();

      assertThat(query("SELECT group_concat(id) FROM out_of_memory")).isEqualTo("job");
    }
  }

  private String query(String sql) throws Exception {
    try (Connection connection = connect(dir);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.getString(1);
    }
  }

  @Test
  void peopleCanReadTheFileWhileItIsInUse() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.store.create(ended("a"));
      daemon.awaitDurable();

      assertThat(
              query(
                  "SELECT id || ' ' || exit_code || ' ' || exit_source || ' ' || exited_at FROM"
                      + " container"))
          .isEqualTo("a 137 SHIM 2026-01-02T03:04:06.999999999Z");
      assertThat(query("PRAGMA user_version")).isEqualTo("5");
      assertThat(query("PRAGMA journal_mode")).isEqualTo("wal");
    }
  }

  @Test
  void thatAStoreWasCompleteIsOnDiskAfterAllThatMadeItSo() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
    }
    assertThat(CheckpointFixture.isComplete(dir)).isFalse();

    try (CheckpointFixture daemon = start(dir)) {
      for (int i = 0; i < 500; i++) {
        daemon.store.create(container("b" + i));
      }
      daemon.store.complete();
    }
    assertThat(CheckpointFixture.isComplete(dir)).isTrue();
    assertThat(reload(dir)).hasSize(501);

    // Only a daemon that takes it over goes on from there.
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("c");
    }
    assertThat(CheckpointFixture.isComplete(dir)).isFalse();
  }

  @Test
  void onlyTheOwnerCanReadIt() throws Exception {
    Path made = dir.resolve("made").resolve("here");
    try (CheckpointFixture daemon = start(made)) {
      daemon.put("a");

      assertThat(names(made))
          .containsExactly(
              "checkpoint.db", "checkpoint.db-shm", "checkpoint.db-wal", "checkpoint.lock");
      assertThat(mode(made)).isEqualTo("rwx------");
      for (String name : names(made)) {
        assertThat(mode(made.resolve(name))).as(name).isEqualTo("rw-------");
      }
    }
  }

  private static String mode(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void aFileThatOthersCouldReadIsClosedToThem() throws Exception {
    start(dir).close();
    Path file = dir.resolve("checkpoint.db");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

    start(dir).close();

    assertThat(mode(file)).isEqualTo("rw-------");
  }

  @Test
  void anyCharacterMayBeInThePath() throws Exception {
    Path odd = dir.resolve("a?b=c#d %41 é");
    try (CheckpointFixture daemon = start(odd)) {
      daemon.put("a");
    }

    assertThat(reload(odd)).containsExactly(loaded("a"));
    assertThat(names(dir)).containsExactly("a?b=c#d %41 é");
  }

  @Test
  void theStatusOfAHealthyCheckpointSaysHowFarItIs() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
      daemon.put("b");

      CheckpointStatus status = daemon.checkpoint.status();

      assertThat(status.state()).isEqualTo(State.DURABLE);
      assertThat(status.since()).isEqualTo(NOW);
      assertThat(status.lastError()).isEmpty();
      assertThat(status.durableRevision()).isEqualTo(2);
      assertThat(status.path()).isEqualTo(dir.resolve("checkpoint.db"));
      assertThat(status.setAside()).isNull();
    }
  }

  @Test
  void commitsThatComeTogetherAreWrittenTogetherAndInOrder() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("first");
      long before = daemon.checkpoint.status().transactions();
      List<Long> order = new ArrayList<>();
      List<CompletableFuture<?>> all = new ArrayList<>();

      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        for (int i = 0; i < 500; i++) {
          long revision = daemon.store.create(container("c" + i)).orElseThrow().revision();
          all.add(
              daemon
                  .checkpoint
                  .durable(revision)
                  .thenRun(() -> order.add(revision))
                  .toCompletableFuture());
        }
        assertThat(all).noneMatch(CompletableFuture::isDone);
        lock.execute("ROLLBACK");
      }
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(20, SECONDS);

      assertThat(daemon.checkpoint.status().transactions() - before)
          .isBetween(500L / QUICK.maxBatch(), 500L / QUICK.maxBatch() + 2);
      assertThat(order).hasSize(500).isSorted();
    }
    assertThat(reload(dir)).hasSize(501);
  }

  @Test
  void whatCameAndWentBetweenTwoWritesLeavesNoTrace() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("kept");
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        daemon.store.create(container("came and went"));
        daemon.store.delete(id("came and went"));
        daemon.store.create(container("came back"));
        daemon.store.delete(id("came back"));
        daemon.store.create(running("came back"));
        daemon.store.delete(id("kept"));
        daemon.store.create(running("kept"));
        lock.execute("ROLLBACK");
      }
      daemon.awaitDurable();
    }

    assertThat(reload(dir)).containsExactly(loaded(running("came back")), loaded(running("kept")));
  }

  @Test
  void aWriterThatTheLogHasOvertakenStartsOverFromTheStore() throws Exception {
    ContainerStore store = new ContainerStore("e1", 4);
    try (Checkpoint checkpoint = Checkpoint.open(dir, QUICK, CLOCK)) {
      checkpoint.follow(store);
      store.create(container("first"));
      checkpoint.durable(1).toCompletableFuture().get(20, SECONDS);
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        for (int i = 0; i < 50; i++) {
          store.create(container("c" + i));
        }
        store.delete(id("first"));
        lock.execute("ROLLBACK");
      }
      checkpoint.durable(store.revision()).toCompletableFuture().get(20, SECONDS);
    }

    assertThat(reload(dir)).hasSize(50).doesNotContain(loaded("first"));
  }

  @Test
  void whatWasLoadedAndIsNotInTheStoreIsGoneFromTheFile() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
      daemon.put("b");
    }
    ContainerStore store = new ContainerStore("e2", 16);
    store.create(running("b"));

    try (Checkpoint checkpoint = Checkpoint.open(dir, QUICK, CLOCK)) {
      checkpoint.follow(store);
      checkpoint.durable(1).toCompletableFuture().get(20, SECONDS);
    }

    assertThat(reload(dir)).containsExactly(loaded(running("b")));
  }

  @Test
  void aCheckpointThatFollowsNothingLeavesTheFileAsItWas() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
    }

    assertThat(reload(dir)).containsExactly(loaded("a"));
    assertThat(reload(dir)).containsExactly(loaded("a"));
  }

  @Test
  void closeWritesWhatIsPending() throws Exception {
    CheckpointFixture daemon = start(dir);
    daemon.put("a");
    for (int i = 0; i < 300; i++) {
      daemon.store.create(container("c" + i));
    }

    daemon.close();
    daemon.close();

    assertThat(reload(dir)).hasSize(301);
    assertThat(names(dir)).containsExactly("checkpoint.db", "checkpoint.lock");
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().equals("checkpoint") && t.isAlive());
  }

  @Test
  void closeOfACheckpointThatNeverWroteWritesTheStore() {
    CheckpointFixture daemon = start(dir);
    daemon.store.create(container("a"));
    daemon.close();

    assertThat(reload(dir)).containsExactly(loaded("a"));
  }

  @Test
  void closeWaitsForADiskThatHangsNoLongerThanItsBound() throws Exception {
    CheckpointFixture daemon = start(dir, HASTY_TO_CLOSE);
    daemon.put("a");
    CompletableFuture<?> waiting;
    try (Connection other = connect(dir);
        Statement lock = other.createStatement()) {
      lock.execute("BEGIN IMMEDIATE");
      long revision = daemon.store.create(container("b")).orElseThrow().revision();
      waiting = daemon.checkpoint.durable(revision).toCompletableFuture();

      daemon.close();

      assertThat(waiting).isDone();
      lock.execute("ROLLBACK");
    }
    awaitEnd();
    assertThat(reload(dir)).hasSize(2);
  }

  @Test
  void nobodyWaitsForACheckpointThatIsClosed() throws Exception {
    CheckpointFixture daemon = start(dir);
    daemon.close();
    long revision = daemon.store.create(container("late")).orElseThrow().revision();

    assertThat(daemon.checkpoint.durable(revision).toCompletableFuture()).isDone();
  }

  @Test
  void aCommitThatIsStillToComeCannotBeWaitedFor() throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");

      assertThatIllegalArgumentException()
          .isThrownBy(() -> daemon.checkpoint.durable(2))
          .withMessageContaining("2");
      assertThat(daemon.checkpoint.durable(1).toCompletableFuture()).isDone();
    }
  }

  @Test
  void oneStoreIsFollowedOnceAndWhileOpen() {
    Checkpoint checkpoint = Checkpoint.open(dir, QUICK, CLOCK);
    ContainerStore store = new ContainerStore("e1", 16);
    assertThatIllegalStateException().isThrownBy(() -> checkpoint.durable(0));
    checkpoint.follow(store);

    assertThatIllegalStateException().isThrownBy(() -> checkpoint.follow(store));
    checkpoint.close();
    Checkpoint closed = Checkpoint.open(dir, QUICK, CLOCK);
    closed.close();

    assertThatIllegalStateException().isThrownBy(() -> closed.follow(store));
  }

  @Test
  void aDisabledCheckpointKeepsNothingAndHoldsNobodyUp() {
    ContainerStore store = new ContainerStore("e1", 16);
    try (Checkpoint checkpoint = Checkpoint.disabled()) {
      checkpoint.follow(store);
      store.create(container("a"));

      assertThat(checkpoint.durable(1).toCompletableFuture()).isDone();
      assertThat(checkpoint.load()).isEmpty();
      assertThat(checkpoint.status().state()).isEqualTo(State.DISABLED);
      assertThat(checkpoint.status().path()).isNull();
    }
  }

  @Test
  void theFileIsWhatTheStoreIsWhateverManyThreadsDid() throws Exception {
    List<Entry> expected;
    try (CheckpointFixture daemon = start(dir);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<@Nullable Void>> writers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Random random = new Random(i);
        Callable<@Nullable Void> writer =
            () -> {
              for (int step = 0; step < 1000; step++) {
                change(daemon.store, random);
                if (step % 100 == 0) {
                  daemon.awaitDurable();
                }
              }
              return null;
            };
        writers.add(threads.submit(writer));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      expected = daemon.records();
      daemon.awaitDurable();
      assertThat(daemon.checkpoint.status().state()).isEqualTo(State.DURABLE);
    }

    assertThat(expected).isNotEmpty();
    assertThat(reload(dir)).isEqualTo(expected);
  }

  private static void change(ContainerStore store, Random random) {
    String name = "c" + random.nextInt(20);
    switch (random.nextInt(5)) {
      case 0 -> store.create(container(name));
      case 1 -> store.delete(id(name));
      case 2 ->
          store.update(id(name), c -> c.withRun(new Created(1 + random.nextInt(100), STARTED)));
      case 3 -> store.update(id(name), c -> Samples.ended(c, EXIT));
      default ->
          store.update(
              id(name),
              c ->
                  c.withInfo(
                      new ContainerInfo(
                          c.id(),
                          "",
                          "",
                          Map.of("k" + random.nextInt(3), "v" + random.nextInt(3)),
                          "",
                          null)));
    }
  }

  @Test
  void aPersonWhoHoldsTheFileLockedDegradesItUntilTheyLetGo() throws Exception {
    try (CheckpointFixture daemon = start(dir, UNFRIENDLY)) {
      daemon.put("a");
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");
        daemon.store.create(container("b"));
        CheckpointStatus status = daemon.awaitState(State.DEGRADED);

        assertThat(status.lastError())
            .contains(dir.resolve("checkpoint.db").toString(), "end the program");
        assertThat(status.setAside()).isNull();
        lock.execute("ROLLBACK");
      }
      daemon.awaitState(State.DURABLE);
    }

    assertThat(reload(dir)).containsExactly(loaded("a"), loaded("b"));
  }

  @Test
  void aPersonWhoHoldsTheFileLockedWhileThereIsNothingToWriteIsNoTrouble() throws Exception {
    try (CheckpointFixture daemon = start(dir, UNFRIENDLY)) {
      daemon.put("a");
      try (Connection other = connect(dir);
          Statement lock = other.createStatement()) {
        lock.execute("BEGIN IMMEDIATE");

        // Some twenty checks.
        await()
            .during(Duration.ofMillis(400))
            .until(() -> daemon.checkpoint.status().state() == State.DURABLE);
      }
    }
  }

  @Test
  void aDaemonThatHasTheDirectoryIsWaitedForAndThenLeftAlone() throws Exception {
    StateDirectory directory = new StateDirectory(dir, CLOCK, 0);
    CheckpointFixture first = start(dir);
    first.put("a");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> Checkpoint.awaitEndOfOther(directory, Duration.ofMillis(300)))
        .withMessageContaining("in use by another daemon");
    CompletableFuture<Boolean> ended =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                Checkpoint.awaitEndOfOther(directory, Checkpoint.PATIENCE);
                return true;
              } catch (IOException e) {
                return false;
              }
            });
    first.close();

    assertThat(ended.get(10, SECONDS)).isTrue();
    assertThat(reload(dir)).extracting(Entry::id).containsExactly(id("a"));
  }

  @Test
  void aSecondDaemonOnTheSameDirectoryTouchesNothingUntilTheFirstHasGone() throws Exception {
    CheckpointFixture first = start(dir);
    first.put("a");

    try (CheckpointFixture second = start(dir)) {
      assertThat(second.loaded).isEmpty();
      assertThat(second.checkpoint.status().state()).isEqualTo(State.DEGRADED);
      assertThat(second.checkpoint.status().lastError()).contains("in use by another daemon");
      second.store.create(container("b"));
      first.put("c");

      first.close();
      CheckpointStatus status = second.awaitState(State.DURABLE);

      // What it has never read it keeps.
      assertThat(status.setAside())
          .isEqualTo(dir.resolve("checkpoint.db.unread-20260203T040506.789Z"));
    }
    assertThat(reload(dir)).containsExactly(loaded("b"));
    Path kept = dir.resolve("checkpoint.db.unread-20260203T040506.789Z");
    Files.move(kept, dir.resolve("checkpoint.db"), StandardCopyOption.REPLACE_EXISTING);
    assertThat(reload(dir)).containsExactly(loaded("a"), loaded("c"));
  }
}
