package io.statebridge.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import io.statebridge.store.CheckpointStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Stream;

/** A checkpoint that follows a store, as the daemon sets them up, with a short patience. */
final class CheckpointFixture implements AutoCloseable {

  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration BRIEF = Duration.ofMillis(50);
  private static final Duration CHECK = Duration.ofMillis(20);

  static final CheckpointLimits QUICK = limits(LONG, LONG, CHECK, LONG);

  /** Never checks by itself. */
  static final CheckpointLimits UNCHECKED = limits(LONG, LONG, Duration.ofDays(1), LONG);

  /** Waits for nobody who has the file locked. */
  static final CheckpointLimits UNFRIENDLY = limits(LONG, BRIEF, CHECK, LONG);

  /** Holds nobody up for long. */
  static final CheckpointLimits HASTY = limits(BRIEF, LONG, CHECK, LONG);

  static final CheckpointLimits HASTY_TO_CLOSE = limits(LONG, LONG, CHECK, BRIEF);

  private static CheckpointLimits limits(
      Duration durable, Duration busy, Duration check, Duration close) {
    return new CheckpointLimits(
        durable, busy, Duration.ofMillis(5), Duration.ofMillis(40), check, close, 64, 3);
  }

  static final Instant NOW = Instant.parse("2026-02-03T04:05:06.789Z");
  static final InstantSource CLOCK = InstantSource.fixed(NOW);

  static final Duration RETENTION = Duration.ofHours(1);

  final ContainerStore store;
  final Checkpoint checkpoint;
  final List<Entry> loaded;

  private CheckpointFixture(Path stateDir, CheckpointLimits limits, ContainerStore store) {
    this.store = store;
    checkpoint = Checkpoint.open(stateDir, limits, CLOCK);
    loaded = checkpoint.load();
    store.restore(loaded);
    checkpoint.loadOutOfMemory().forEach(store::noteOutOfMemory);
    checkpoint.follow(store);
  }

  static CheckpointFixture start(Path stateDir) {
    return start(stateDir, QUICK);
  }

  static CheckpointFixture start(Path stateDir, CheckpointLimits limits) {
    return new CheckpointFixture(stateDir, limits, new ContainerStore("e1", 1024));
  }

  /** With a store that keeps what was removed, by this clock. */
  static CheckpointFixture startRetaining(Path stateDir, InstantSource clock) {
    return new CheckpointFixture(
        stateDir,
        QUICK,
        new ContainerStore(
            "e1",
            1024,
            RETENTION,
            clock,
            () -> ChronoUnit.NANOS.between(Instant.EPOCH, clock.instant())));
  }

  /** What a daemon that starts now would know. */
  static List<Entry> reload(Path stateDir) {
    try (Checkpoint checkpoint = Checkpoint.open(stateDir, QUICK, CLOCK)) {
      return checkpoint.load();
    }
  }

  /** Likewise, whether that is all that there was. */
  static boolean isComplete(Path stateDir) {
    try (Checkpoint checkpoint = Checkpoint.open(stateDir, QUICK, CLOCK)) {
      return checkpoint.loadComplete();
    }
  }

  /** A record of the store, on disk. */
  void put(String name) throws Exception {
    store.create(Samples.container(name));
    awaitDurable();
  }

  void awaitDurable() throws Exception {
    checkpoint.durable(store.revision()).toCompletableFuture().get(20, SECONDS);
  }

  CheckpointStatus awaitState(State state) {
    return await().until(checkpoint::status, status -> status.state() == state);
  }

  List<Entry> records() {
    return store.snapshot().entries().stream().map(e -> Samples.loaded(e.record())).toList();
  }

  /** Until the threads of all checkpoints have ended. */
  static void awaitEnd() {
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(t -> t.getName().equals("checkpoint")));
  }

  /** Somebody else with the file. */
  static Connection connect(Path stateDir) throws SQLException {
    // As the checkpoint does, or the driver loads a copy of its own, and two in a process crash it.
    try {
      SqliteLibrary.load(stateDir);
    } catch (CheckpointException e) {
      throw new SQLException(e);
    }
    return DriverManager.getConnection("jdbc:sqlite:" + stateDir.resolve("checkpoint.db"));
  }

  static void sql(Path stateDir, String... statements) throws SQLException {
    try (Connection connection = connect(stateDir);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  static List<String> names(Path stateDir) throws IOException {
    try (Stream<Path> entries = Files.list(stateDir)) {
      return entries.map(e -> e.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
