package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/**
 * Which runs are reported to have run out of memory: a row each. A note may come before its
 * container's record, so the row refers to none.
 *
 * <p>For one thread at a time.
 */
final class OutOfMemoryTable implements AutoCloseable {

  static final String SCHEMA =
      """
      CREATE TABLE out_of_memory (
        namespace TEXT NOT NULL,
        id TEXT NOT NULL,
        pid INTEGER NOT NULL,
        PRIMARY KEY (namespace, id)
      ) STRICT, WITHOUT ROWID""";

  private final Connection connection;
  private final PreparedStatement put;

  OutOfMemoryTable(Connection connection) throws SQLException {
    this.connection = connection;
    put = connection.prepareStatement("INSERT INTO out_of_memory VALUES (?, ?, ?)");
  }

  /** All notes anew: there are few, and they change rarely. */
  void replace(Map<ContainerId, Long> notes) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("DELETE FROM out_of_memory");
    }
    for (Map.Entry<ContainerId, Long> note : notes.entrySet()) {
      put.setString(1, note.getKey().namespace());
      put.setString(2, note.getKey().id());
      put.setLong(3, note.getValue());
      put.executeUpdate();
    }
  }

  Map<ContainerId, Long> readAll() throws SQLException {
    Map<ContainerId, Long> notes = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT namespace, id, pid FROM out_of_memory")) {
      while (row.next()) {
        notes.put(new ContainerId(row.getString(1), row.getString(2)), row.getLong(3));
      }
    }
    return notes;
  }

  @Override
  public void close() throws SQLException {
    put.close();
  }
}
