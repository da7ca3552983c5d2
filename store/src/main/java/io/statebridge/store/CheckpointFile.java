package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoint's file while it is open, known to be whole and ours alone. What a method that
 * writes has returned from is on disk. After an exception it can only be closed.
 *
 * <p>For one thread at a time.
 */
final class CheckpointFile implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(CheckpointFile.class);

  /** "Stbr", by which {@code file} and we tell it from another application's. */
  private static final int APPLICATION_ID = 0x53746272;

  private static final int VERSION = 5;

  /** A row once the store that it is of was complete. */
  private static final String COMPLETE_SCHEMA =
      "CREATE TABLE complete (once INTEGER PRIMARY KEY CHECK (once = 1)) STRICT";

  private static final String MARK_COMPLETE = "INSERT OR IGNORE INTO complete VALUES (1)";

  /** What makes a file of version n, at index n - 1, one of the next. */
  private static final List<List<String>> UPGRADES =
      List.of(
          List.of("ALTER TABLE container ADD COLUMN spec TEXT NOT NULL DEFAULT ''"),
          List.of("ALTER TABLE container ADD COLUMN removed_at TEXT"),
          List.of(
              "ALTER TABLE container RENAME COLUMN pid TO run_pid",
              "ALTER TABLE container ADD COLUMN orphaned INTEGER NOT NULL DEFAULT 0",
              // An exit could be pending although no run was known: it is that of one that ended.
              """
              UPDATE container SET
                exit_code = pending_exit_code, exited_at = pending_exited_at,
                exit_source = pending_exit_source, exit_message = pending_exit_message,
                cleanup_pending = 1, pending_exit_code = NULL, pending_exited_at = NULL,
                pending_exit_source = NULL, pending_exit_message = NULL,
                pending_observed_at = NULL, pending_delete_attempts = NULL,
                pending_last_error = NULL
              WHERE pending_exited_at IS NOT NULL AND run_pid = 0 AND started_at IS NULL""",
              "ALTER TABLE container ADD COLUMN exit_reason TEXT",
              "ALTER TABLE container ADD COLUMN pending_exit_reason TEXT",
              """
              UPDATE container SET exit_reason = CASE
                WHEN exit_source = 'UNKNOWN' THEN 'Unknown'
                WHEN exit_code = 0 THEN 'Completed' ELSE 'Error' END
              WHERE exited_at IS NOT NULL""",
              """
              UPDATE container SET pending_exit_reason = CASE
                WHEN pending_exit_source = 'UNKNOWN' THEN 'Unknown'
                WHEN pending_exit_code = 0 THEN 'Completed' ELSE 'Error' END
              WHERE pending_exited_at IS NOT NULL""",
              OutOfMemoryTable.SCHEMA),
          // It was not noted before, and all but a file of the first seconds is of a complete
          // store.
          List.of(COMPLETE_SCHEMA, MARK_COMPLETE));

  /**
   * Pages that the log grows to before it is brought into the database: a mebibyte, so that the
   * checkpoint also fits a small disk.
   */
  private static final int LOG_PAGES = 256;

  private final StateDirectory directory;
  private final FileChannel claim;
  private final Connection connection;
  private final ContainerTable table;
  private final OutOfMemoryTable outOfMemory;
  private final List<Object> identity;
  private CheckpointContents contents;

  private CheckpointFile(
      StateDirectory directory,
      FileChannel claim,
      Connection connection,
      ContainerTable table,
      OutOfMemoryTable outOfMemory,
      List<Object> identity,
      CheckpointContents contents) {
    this.directory = directory;
    this.claim = claim;
    this.connection = connection;
    this.table = table;
    this.outOfMemory = outOfMemory;
    this.identity = identity;
    this.contents = contents;
  }

  /** Opens the file, or a new one when there is none. A bad one stays where it is. */
  static CheckpointFile open(StateDirectory directory, Duration busyTimeout)
      throws CheckpointException {
    try {
      FileChannel claim = directory.claim();
      try {
        return open(directory, claim, busyTimeout);
      } catch (IOException | SQLException | CheckpointException | RuntimeException e) {
        claim.close();
        throw e;
      }
    } catch (IOException e) {
      throw CheckpointException.of(directory.file(), e);
    } catch (SQLException e) {
      throw CheckpointException.of(directory.file(), e);
    }
  }

  private static CheckpointFile open(
      StateDirectory directory, FileChannel claim, Duration busyTimeout)
      throws IOException, SQLException, CheckpointException {
    SqliteLibrary.load(directory.path());
    directory.prepareFile();
    Connection connection = connect(directory, busyTimeout);
    try {
      boolean fresh = requireOurs(directory, connection);
      execute(connection, "PRAGMA journal_mode = WAL");
      execute(connection, "PRAGMA synchronous = FULL");
      execute(connection, "PRAGMA foreign_keys = ON");
      execute(connection, "PRAGMA wal_autocheckpoint = " + LOG_PAGES);
      if (fresh) {
        createSchema(connection);
      } else {
        upgrade(connection);
      }
      requireWhole(directory, connection);
      ContainerTable table = new ContainerTable(connection);
      OutOfMemoryTable outOfMemory = new OutOfMemoryTable(connection);
      CheckpointContents contents =
          read(
              directory,
              table,
              outOfMemory,
              number(connection, "SELECT count(*) FROM complete") > 0);
      return new CheckpointFile(
          directory, claim, connection, table, outOfMemory, directory.identity(), contents);
    } catch (IOException | SQLException | CheckpointException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static Connection connect(StateDirectory directory, Duration busyTimeout)
      throws SQLException {
    // As a URI, so that no character of the path means anything to the driver.
    Connection connection =
        DriverManager.getConnection("jdbc:sqlite:" + directory.file().toUri().toASCIIString());
    try {
      execute(connection, "PRAGMA busy_timeout = " + busyTimeout.toMillis());
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** Whether it is empty; otherwise it is ours, of this version or one that we can upgrade. */
  private static boolean requireOurs(StateDirectory directory, Connection connection)
      throws SQLException, CheckpointException {
    int application = number(connection, "PRAGMA application_id");
    int version = number(connection, "PRAGMA user_version");
    if (application == 0
        && version == 0
        && number(connection, "SELECT count(*) FROM sqlite_schema") == 0) {
      return true;
    }
    if (application != APPLICATION_ID) {
      throw CheckpointException.badFile(
          directory.file(), "is another application's, by its id 0x%08x".formatted(application));
    }
    if (version < 1 || version > VERSION) {
      throw CheckpointException.badFile(
          directory.file(), "is of version %d, not of 1 to %d".formatted(version, VERSION));
    }
    return false;
  }

  private static void upgrade(Connection connection) throws SQLException {
    int version = number(connection, "PRAGMA user_version");
    if (version == VERSION) {
      return;
    }
    execute(connection, "BEGIN IMMEDIATE");
    for (List<String> steps : UPGRADES.subList(version - 1, VERSION - 1)) {
      for (String step : steps) {
        execute(connection, step);
      }
    }
    execute(connection, "PRAGMA user_version = " + VERSION);
    execute(connection, "COMMIT");
  }

  private static void createSchema(Connection connection) throws SQLException {
    execute(connection, "BEGIN IMMEDIATE");
    for (String table : ContainerTable.SCHEMA) {
      execute(connection, table);
    }
    execute(connection, OutOfMemoryTable.SCHEMA);
    execute(connection, COMPLETE_SCHEMA);
    execute(connection, "PRAGMA application_id = " + APPLICATION_ID);
    execute(connection, "PRAGMA user_version = " + VERSION);
    execute(connection, "COMMIT");
  }

  private static void requireWhole(StateDirectory directory, Connection connection)
      throws SQLException, CheckpointException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("PRAGMA quick_check(1)")) {
      String answer = row.next() ? row.getString(1) : "no answer";
      if (!answer.equals("ok")) {
        throw CheckpointException.badFile(directory.file(), "is damaged: " + answer);
      }
    }
  }

  private static CheckpointContents read(
      StateDirectory directory,
      ContainerTable table,
      OutOfMemoryTable outOfMemory,
      boolean complete)
      throws SQLException, CheckpointException {
    try {
      return new CheckpointContents(
          List.copyOf(table.readAll()), Map.copyOf(outOfMemory.readAll()), complete);
    } catch (RuntimeException e) {
      throw CheckpointException.badFile(directory.file(), "has a row that is none of ours: " + e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.getInt(1);
    }
  }

  /** What it held when it was opened; nothing any more once it was written to. */
  CheckpointContents contents() {
    return contents;
  }

  /**
   * Writes all of it in one transaction.
   *
   * @param notes all that there are, null when they are as they were
   * @param complete whether the store is
   */
  void write(
      Collection<ContainerTable.Write> writes,
      @Nullable Map<ContainerId, Long> notes,
      boolean complete)
      throws CheckpointException {
    transaction(
        () -> {
          for (ContainerTable.Write write : writes) {
            table.write(write);
          }
          if (notes != null) {
            outOfMemory.replace(notes);
          }
          if (complete) {
            execute(connection, MARK_COMPLETE);
          }
        });
  }

  /** Deletes the records of containers that were removed before. */
  void forgetRemovedBefore(Instant oldest) throws CheckpointException {
    try {
      // Mostly there is none, and nobody who has the file locked need be waited for.
      if (!table.hasRemovedBefore(oldest)) {
        return;
      }
    } catch (SQLException e) {
      throw CheckpointException.of(directory.file(), e);
    }
    transaction(() -> table.deleteRemovedBefore(oldest));
  }

  /** Replaces everything in one transaction. */
  void rewrite(Collection<Entry> entries, Map<ContainerId, Long> notes, boolean complete)
      throws CheckpointException {
    transaction(
        () -> {
          table.deleteAll();
          for (Entry entry : entries) {
            table.write(new ContainerTable.Write(entry.id(), null, entry));
          }
          outOfMemory.replace(notes);
          execute(connection, complete ? MARK_COMPLETE : "DELETE FROM complete");
        });
  }

  private interface Writes {
    void run() throws SQLException;
  }

  private void transaction(Writes writes) throws CheckpointException {
    try {
      requireSame();
      execute(connection, "BEGIN IMMEDIATE");
      writes.run();
      execute(connection, "COMMIT");
      contents = CheckpointContents.NONE;
    } catch (SQLException e) {
      throw CheckpointException.of(directory.file(), e);
    }
  }

  /**
   * Makes sure that somebody who opens the file now finds it whole: what is written to a file that
   * has lost its name is lost, and so is what a cache alone still holds.
   */
  void check(Duration busyTimeout) throws CheckpointException {
    requireSame();
    try (Connection other = connect(directory, busyTimeout)) {
      if (requireOurs(directory, other)) {
        throw CheckpointException.badFile(directory.file(), "was emptied");
      }
      requireWhole(directory, other);
    } catch (SQLException e) {
      // It may have been removed after the first look; then that is the reason.
      requireSame();
      throw CheckpointException.of(directory.file(), e);
    }
  }

  private void requireSame() throws CheckpointException {
    try {
      if (!directory.identity().equals(identity)) {
        throw CheckpointException.badFile(directory.file(), "was removed or replaced");
      }
    } catch (IOException e) {
      throw CheckpointException.of(directory.file(), e);
    }
  }

  /** Lets go of the file; what cannot be closed any more was written before. */
  @Override
  public void close() {
    try (claim;
        connection;
        table;
        outOfMemory) {
      // In this order, from the last on.
    } catch (IOException | SQLException e) {
      log.debug("closing {}", directory.file(), e);
    }
  }
}
