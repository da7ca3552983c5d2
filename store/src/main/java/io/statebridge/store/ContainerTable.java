package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Records as rows: a column per fact and a row per label, for people with {@code sqlite3}. Times
 * are ISO text, which people read, and which is exact to the nanosecond for any time; a label has a
 * row of its own, and goes with its container. The revision is not kept: it means nothing to
 * another epoch.
 *
 * <p>Which kind of run a row has follows from what is set, in this order: {@code exited_at} of one
 * that has ended, {@code pending_exited_at} of one that is ending; of one that lives, {@code
 * run_pid} and {@code started_at}.
 *
 * <p>For one thread at a time.
 */
final class ContainerTable implements AutoCloseable {

  static final List<String> SCHEMA =
      List.of(
          """
          CREATE TABLE container (
            namespace TEXT NOT NULL,
            id TEXT NOT NULL,
            image TEXT NOT NULL,
            runtime TEXT NOT NULL,
            sandbox_id TEXT NOT NULL,
            created_at TEXT,
            cri_metadata TEXT NOT NULL,
            spec TEXT NOT NULL,
            orphaned INTEGER NOT NULL,
            bundle TEXT NOT NULL,
            run_pid INTEGER NOT NULL,
            task_created_at TEXT,
            started_at TEXT,
            paused INTEGER NOT NULL,
            exit_code INTEGER,
            exited_at TEXT,
            exit_source TEXT,
            exit_reason TEXT,
            exit_message TEXT,
            cleanup_pending INTEGER NOT NULL,
            removed_at TEXT,
            pending_exit_code INTEGER,
            pending_exited_at TEXT,
            pending_exit_source TEXT,
            pending_exit_reason TEXT,
            pending_exit_message TEXT,
            pending_observed_at TEXT,
            pending_delete_attempts INTEGER,
            pending_last_error TEXT,
            PRIMARY KEY (namespace, id)
          ) STRICT, WITHOUT ROWID""",
          """
          CREATE TABLE label (
            namespace TEXT NOT NULL,
            id TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (namespace, id, name),
            FOREIGN KEY (namespace, id) REFERENCES container (namespace, id) ON DELETE CASCADE
          ) STRICT, WITHOUT ROWID""");

  private static final List<String> KEY = List.of("namespace", "id");

  /** In the order in which {@link #bind} sets them. */
  private static final List<String> FACTS =
      List.of(
          "image",
          "runtime",
          "sandbox_id",
          "created_at",
          "cri_metadata",
          "spec",
          "orphaned",
          "bundle",
          "run_pid",
          "task_created_at",
          "started_at",
          "paused",
          "exit_code",
          "exited_at",
          "exit_source",
          "exit_reason",
          "exit_message",
          "cleanup_pending",
          "removed_at",
          "pending_exit_code",
          "pending_exited_at",
          "pending_exit_source",
          "pending_exit_reason",
          "pending_exit_message",
          "pending_observed_at",
          "pending_delete_attempts",
          "pending_last_error");

  private final Connection connection;
  private final PreparedStatement put;
  private final PreparedStatement delete;
  private final PreparedStatement findRemoved;
  private final PreparedStatement deleteRemoved;
  private final PreparedStatement deleteLabels;
  private final PreparedStatement putLabel;

  ContainerTable(Connection connection) throws SQLException {
    this.connection = connection;
    put = connection.prepareStatement(upsert());
    delete = connection.prepareStatement("DELETE FROM container WHERE namespace = ? AND id = ?");
    findRemoved =
        connection.prepareStatement("SELECT 1 FROM container WHERE removed_at < ? LIMIT 1");
    deleteRemoved = connection.prepareStatement("DELETE FROM container WHERE removed_at < ?");
    deleteLabels = connection.prepareStatement("DELETE FROM label WHERE namespace = ? AND id = ?");
    putLabel = connection.prepareStatement("INSERT INTO label VALUES (?, ?, ?, ?)");
  }

  /** Not a REPLACE, which would delete the row, and the labels with it. */
  private static String upsert() {
    List<String> columns = new ArrayList<>(KEY);
    columns.addAll(FACTS);
    return "INSERT INTO container (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s"
        .formatted(
            String.join(", ", columns),
            columns.stream().map(c -> "?").collect(Collectors.joining(", ")),
            String.join(", ", KEY),
            FACTS.stream().map(c -> c + " = excluded." + c).collect(Collectors.joining(", ")));
  }

  /**
   * What becomes of a container's rows.
   *
   * @param before as they are, null when that is not known; labels that stay are not written again
   * @param after as they shall be, null when they shall go
   */
  record Write(ContainerId id, @Nullable Entry before, @Nullable Entry after) {}

  void write(Write write) throws SQLException {
    Entry before = write.before();
    Entry after = write.after();
    if (after == null) {
      withKey(delete, write.id()).executeUpdate();
      return;
    }
    bind(after);
    put.executeUpdate();
    Map<String, String> labels = after.record().labels();
    if (before == null || !before.record().labels().equals(labels)) {
      withKey(deleteLabels, after.id()).executeUpdate();
      for (Map.Entry<String, String> label : labels.entrySet()) {
        withKey(putLabel, after.id());
        putLabel.setString(3, label.getKey());
        putLabel.setString(4, label.getValue());
        putLabel.executeUpdate();
      }
    }
  }

  boolean hasRemovedBefore(Instant oldest) throws SQLException {
    findRemoved.setString(1, second(oldest));
    try (ResultSet row = findRemoved.executeQuery()) {
      return row.next();
    }
  }

  void deleteRemovedBefore(Instant oldest) throws SQLException {
    deleteRemoved.setString(1, second(oldest));
    deleteRemoved.executeUpdate();
  }

  /**
   * Its first 19 characters, which are less than any instant of that second: as text, one without a
   * fraction is greater than one with.
   */
  private static String second(Instant time) {
    return time.toString().substring(0, 19);
  }

  void deleteAll() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("DELETE FROM container");
    }
  }

  private static PreparedStatement withKey(PreparedStatement statement, ContainerId id)
      throws SQLException {
    statement.setString(1, id.namespace());
    statement.setString(2, id.id());
    return statement;
  }

  private void bind(Entry entry) throws SQLException {
    ContainerRecord record = entry.record();
    ContainerInfo info = record.info();
    Run run = record.run();
    PendingExit pending = record.pendingExit();
    withKey(put, info.id());
    int i = KEY.size();
    put.setString(++i, info.image());
    put.setString(++i, info.runtime());
    put.setString(++i, info.sandboxId());
    put.setString(++i, text(info.createdAt()));
    put.setString(++i, info.criMetadata());
    put.setString(++i, info.spec());
    put.setBoolean(++i, record.orphaned());
    put.setString(++i, record.bundle());
    put.setLong(++i, run.pid());
    put.setString(++i, text(taskCreatedAt(run)));
    put.setString(++i, text(run.startedAt()));
    put.setBoolean(++i, run.paused());
    i = bind(i, record.exit());
    put.setBoolean(++i, record.cleanupPending());
    put.setString(++i, text(entry.removedAt()));
    i = bind(i, pending == null ? null : pending.exit());
    put.setString(++i, pending == null ? null : text(pending.observedAt()));
    put.setObject(++i, pending == null ? null : pending.deleteAttempts());
    put.setString(++i, pending == null ? null : pending.lastError());
  }

  private static @Nullable Instant taskCreatedAt(Run run) {
    return switch (run) {
      case Created created -> created.taskCreatedAt();
      case Running running -> running.taskCreatedAt();
      case Ending ending -> taskCreatedAt(ending.live());
      case None none -> none.lastCreatedAt();
      case WithoutProcess _, Ended _ -> null;
    };
  }

  private int bind(int before, @Nullable Exit exit) throws SQLException {
    int i = before;
    put.setObject(++i, exit == null ? null : exit.code());
    put.setString(++i, exit == null ? null : text(exit.exitedAt()));
    put.setString(++i, exit == null ? null : exit.source().name());
    put.setString(++i, exit == null ? null : exit.reason());
    put.setString(++i, exit == null ? null : exit.message());
    return i;
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  /**
   * All records, ordered by id.
   *
   * @throws RuntimeException when a row contradicts itself
   */
  List<Entry> readAll() throws SQLException {
    Map<ContainerId, Map<String, String>> labels = readLabels();
    List<Entry> entries = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT * FROM container ORDER BY namespace, id")) {
      while (row.next()) {
        entries.add(entry(row, labels));
      }
    }
    return entries;
  }

  private Map<ContainerId, Map<String, String>> readLabels() throws SQLException {
    Map<ContainerId, Map<String, String>> labels = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT * FROM label")) {
      while (row.next()) {
        labels
            .computeIfAbsent(key(row), id -> new HashMap<>())
            .put(row.getString("name"), row.getString("value"));
      }
    }
    return labels;
  }

  private static ContainerId key(ResultSet row) throws SQLException {
    return new ContainerId(row.getString("namespace"), row.getString("id"));
  }

  private static Entry entry(ResultSet row, Map<ContainerId, Map<String, String>> labels)
      throws SQLException {
    ContainerId id = key(row);
    ContainerInfo info =
        new ContainerInfo(
            id,
            row.getString("image"),
            row.getString("runtime"),
            labels.getOrDefault(id, Map.of()),
            row.getString("sandbox_id"),
            time(row, "created_at"),
            row.getString("cri_metadata"),
            row.getString("spec"));
    ContainerRecord record =
        new ContainerRecord(info, row.getString("bundle"), run(row), row.getBoolean("orphaned"));
    return new Entry(record, 0, time(row, "removed_at"));
  }

  private static Run run(ResultSet row) throws SQLException {
    Exit exit = exit(row, "");
    PendingExit pending = pendingExit(row);
    boolean cleanupPending = row.getBoolean("cleanup_pending");
    if (exit == null ? cleanupPending : pending != null) {
      throw new IllegalArgumentException("a run that has ended and has not: " + key(row));
    }
    if (exit != null) {
      return new Ended(row.getLong("run_pid"), time(row, "started_at"), exit, cleanupPending);
    }
    Live live = live(row);
    if (pending != null) {
      return new Ending(Objects.requireNonNull(live, "no run is ending"), pending);
    }
    return live == null ? new None(0, time(row, "task_created_at")) : live;
  }

  private static @Nullable Live live(ResultSet row) throws SQLException {
    long pid = row.getLong("run_pid");
    Instant taskCreatedAt = time(row, "task_created_at");
    Instant startedAt = time(row, "started_at");
    boolean paused = row.getBoolean("paused");
    if (pid == 0) {
      return startedAt == null ? null : new WithoutProcess(startedAt, paused);
    }
    return startedAt == null
        ? new Created(pid, taskCreatedAt)
        : new Running(pid, taskCreatedAt, startedAt, paused);
  }

  private static @Nullable Exit exit(ResultSet row, String prefix) throws SQLException {
    Instant exitedAt = time(row, prefix + "exited_at");
    if (exitedAt == null) {
      return null;
    }
    return new Exit(
        row.getInt(prefix + "exit_code"),
        exitedAt,
        ExitSource.valueOf(row.getString(prefix + "exit_source")),
        Objects.requireNonNull(row.getString(prefix + "exit_reason")),
        row.getString(prefix + "exit_message"));
  }

  private static @Nullable PendingExit pendingExit(ResultSet row) throws SQLException {
    Exit exit = exit(row, "pending_");
    if (exit == null) {
      return null;
    }
    return new PendingExit(
        exit,
        Objects.requireNonNull(time(row, "pending_observed_at")),
        row.getInt("pending_delete_attempts"),
        row.getString("pending_last_error"));
  }

  private static @Nullable Instant time(ResultSet row, String column) throws SQLException {
    @Nullable String text = row.getString(column);
    return text == null ? null : Instant.parse(text);
  }

  @Override
  public void close() throws SQLException {
    put.close();
    delete.close();
    findRemoved.close();
    deleteRemoved.close();
    deleteLabels.close();
    putLabel.close();
  }
}
