package io.statebridge.store;

import static io.statebridge.store.CheckpointFixture.reload;
import static io.statebridge.store.CheckpointFixture.sql;
import static io.statebridge.store.CheckpointFixture.start;
import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.loaded;
import static io.statebridge.store.Samples.removed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of the versions before, as they were written then. */
@Timeout(60)
final class EarlierCheckpointTest {
  private static final Instant CREATED = Instant.parse("2026-01-02T03:04:05Z");
  private static final Instant STARTED = CREATED.plusNanos(1);
  private static final Instant ENDED = CREATED.plusSeconds(1);
  private static final Instant OBSERVED = ENDED.plusNanos(1);
  private static final Instant REMOVED = CREATED.plusSeconds(2);

  private static final String SCHEMA_1 =
      """
      CREATE TABLE container (
        namespace TEXT NOT NULL,
        id TEXT NOT NULL,
        image TEXT NOT NULL,
        runtime TEXT NOT NULL,
        sandbox_id TEXT NOT NULL,
        created_at TEXT,
        cri_metadata TEXT NOT NULL,
        pid INTEGER NOT NULL,
        bundle TEXT NOT NULL,
        task_created_at TEXT,
        started_at TEXT,
        paused INTEGER NOT NULL,
        exit_code INTEGER,
        exited_at TEXT,
        exit_source TEXT,
        exit_message TEXT,
        cleanup_pending INTEGER NOT NULL,
        pending_exit_code INTEGER,
        pending_exited_at TEXT,
        pending_exit_source TEXT,
        pending_exit_message TEXT,
        pending_observed_at TEXT,
        pending_delete_attempts INTEGER,
        pending_last_error TEXT,
        PRIMARY KEY (namespace, id)
      ) STRICT, WITHOUT ROWID\
      """;

  private static final String LABELS_1 =
      """
      CREATE TABLE label (
        namespace TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (namespace, id, name),
        FOREIGN KEY (namespace, id) REFERENCES container (namespace, id) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID\
      """;

  @TempDir private Path dir;

  private void make(int version) throws SQLException {
    sql(dir, SCHEMA_1, LABELS_1, "PRAGMA application_id = 1400136306");
    if (version >= 2) {
      sql(dir, "ALTER TABLE container ADD COLUMN spec TEXT NOT NULL DEFAULT ''");
    }
    if (version >= 3) {
      sql(dir, "ALTER TABLE container ADD COLUMN removed_at TEXT");
    }
    sql(dir, "PRAGMA user_version = " + version);
  }

  private void put(String name, String... facts) throws SQLException {
    List<String> columns = new ArrayList<>();
    List<String> values = new ArrayList<>();
    for (String fact : facts) {
      String[] parts = fact.split("=", 2);
      columns.add(", " + parts[0]);
      values.add(", '" + parts[1] + "'");
    }
    sql(
        dir,
        """
        INSERT INTO container (namespace, id, image, runtime, sandbox_id, created_at, cri_metadata,
          bundle, pid, paused, cleanup_pending%s)
        VALUES ('default', '%s', 'busybox', '', '', '1970-01-01T00:00:00Z', '', '', 0, 0, 0%s)\
        """
            .formatted(String.join("", columns), name, String.join("", values)));
  }

  private void change(String name, String facts) throws SQLException {
    sql(dir, "UPDATE container SET %s WHERE id = '%s'".formatted(facts, name));
  }

  private static Entry with(String name, Run run) {
    return loaded(container(name).withRun(run));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aFileThatCouldNotSayWhetherItIsOfACompleteStoreIsTakenForOne(int version) throws Exception {
    make(version);

    assertThat(CheckpointFixture.isComplete(dir)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aRowIsReadAsTheRunThatItWas(int version) throws Exception {
    make(version);
    put("none");
    put("created", "task_created_at=" + CREATED);
    change("created", "pid = 42, paused = 1, bundle = '/run/x'");
    put("running", "task_created_at=" + CREATED, "started_at=" + STARTED);
    change("running", "pid = 43, paused = 1");
    put("vm", "started_at=" + STARTED);

    assertThat(reload(dir))
        .containsExactly(
            loaded(container("created").withBundle("/run/x").withRun(new Created(42, CREATED))),
            with("none", None.NONE),
            with("running", new Running(43, CREATED, STARTED, true)),
            with("vm", new WithoutProcess(STARTED, false)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void anEndIsReadWithTheReasonThatItHad(int version) throws Exception {
    make(version);
    String[] exit = {"exited_at=" + ENDED, "started_at=" + STARTED, "exit_message="};
    put("a", exit);
    change("a", "exit_code = 0, exit_source = 'SHIM'");
    put("b", exit);
    change("b", "exit_code = 137, exit_source = 'EVENT', cleanup_pending = 1, paused = 1");
    put("c", exit);
    change("c", "exit_code = 255, exit_source = 'UNKNOWN', exit_message = 'nobody saw it'");

    assertThat(reload(dir))
        .containsExactly(
            with("a", new Ended(0, STARTED, new Exit(0, ENDED, ExitSource.SHIM), false)),
            with("b", new Ended(0, STARTED, new Exit(137, ENDED, ExitSource.EVENT), true)),
            with(
                "c",
                new Ended(
                    0,
                    STARTED,
                    new Exit(255, ENDED, ExitSource.UNKNOWN, "Unknown", "nobody saw it"),
                    false)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aPendingExitIsReadAsThatOfItsRun(int version) throws Exception {
    make(version);
    String[] pending = {
      "pending_exited_at=" + ENDED,
      "pending_observed_at=" + OBSERVED,
      "pending_exit_message=",
      "pending_last_error=busy"
    };
    String running = ", pid = 42, task_created_at = '" + CREATED + "', started_at = '" + STARTED;
    put("a", pending);
    change("a", "pending_exit_code = 0, pending_exit_source = 'SHIM'" + running + "'");
    put("b", pending);
    change("b", "pending_exit_code = 1, pending_exit_source = 'WAIT', pid = 42");
    put("c", pending);
    change("c", "pending_exit_code = 255, pending_exit_source = 'UNKNOWN'" + running + "'");
    put("no run", pending);
    change("no run", "pending_exit_code = 3, pending_exit_source = 'EVENT'");
    sql(
        dir,
        "UPDATE container SET pending_delete_attempts = 2 WHERE pending_exited_at IS NOT NULL");

    Running live = new Running(42, CREATED, STARTED, false);
    Exit unseen = new Exit(255, ENDED, ExitSource.UNKNOWN, "Unknown", "");
    assertThat(reload(dir))
        .containsExactly(
            with("a", new Ending(live, pending(new Exit(0, ENDED, ExitSource.SHIM)))),
            with(
                "b",
                new Ending(new Created(42, null), pending(new Exit(1, ENDED, ExitSource.WAIT)))),
            with("c", new Ending(live, pending(unseen))),
            with("no run", new Ended(0, null, new Exit(3, ENDED, ExitSource.EVENT), true)));
  }

  private static PendingExit pending(Exit exit) {
    return new PendingExit(exit, OBSERVED, 2, "busy");
  }

  @Test
  void whatIsKeptOfARemovedContainerIsReadAsThat() throws Exception {
    make(3);
    put("job", "removed_at=" + REMOVED, "exited_at=" + ENDED, "exit_message=");
    change("job", "exit_code = 0, exit_source = 'EVENT'");

    ContainerRecord job = Samples.ended(container("job"), new Exit(0, ENDED, ExitSource.EVENT));
    assertThat(reload(dir)).containsExactly(removed(job, 0, REMOVED));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theFileIsOfTheNewVersionThereafter(int version) throws Exception {
    make(version);
    put("old");
    sql(dir, "INSERT INTO label VALUES ('default', 'old', 'a', 'b')");

    try (CheckpointFixture daemon = start(dir)) {
      assertThat(daemon.loaded)
          .singleElement()
          .satisfies(e -> assertThat(e.record().labels()).isEqualTo(Map.of("a", "b")));
      assertThat(daemon.checkpoint.loadOutOfMemory()).isEmpty();
      daemon.store.update(id("old"), c -> c.withRun(new Created(42, CREATED)).withOrphaned(true));
      daemon.store.create(container("new"));
      daemon.awaitDurable();
      assertThat(daemon.checkpoint.status().setAside()).isNull();
    }
    assertThat(reload(dir))
        .extracting(e -> e.record().orphaned(), e -> e.record().pid())
        .containsExactly(tuple(false, 0L), tuple(true, 42L));
  }
}
