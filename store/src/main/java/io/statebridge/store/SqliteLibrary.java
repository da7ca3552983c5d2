package io.statebridge.store;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SQLite's native library. Its driver unpacks it into a temporary file that only an orderly end
 * removes: every crash would leave a megabyte behind. Once it is loaded the file is not needed any
 * more, so we give it a directory of a moment: in the state directory, which is private, or else in
 * the system's, which may forbid execution.
 *
 * <p>Whoever sets the driver's own property {@code org.sqlite.tmpdir} has decided otherwise.
 */
final class SqliteLibrary {

  private static final Logger log = LoggerFactory.getLogger(SqliteLibrary.class);
  private static final String DIRECTORY = "org.sqlite.tmpdir";

  private static boolean loaded;

  private SqliteLibrary() {}

  /** Loads it, if that is still to be done. */
  static synchronized void load(Path stateDirectory) throws CheckpointException {
    if (loaded || System.getProperty(DIRECTORY) != null) {
      return;
    }
    List<Path> parents = List.of(stateDirectory, ScratchDirectory.systemParent());
    for (Path parent : parents) {
      try {
        loadFrom(parent);
        loaded = true;
        return;
      } catch (IOException | SQLException e) {
        log.debug("SQLite's library cannot be loaded from {}", parent, e);
      }
    }
    throw CheckpointException.unusable(
        stateDirectory,
        "SQLite's library can be loaded from none of %s; let one of them be written to and executed in"
            .formatted(parents));
  }

  private static void loadFrom(Path parent) throws IOException, SQLException {
    try (ScratchDirectory scratch = ScratchDirectory.in(parent)) {
      System.setProperty(DIRECTORY, scratch.path().toString());
      try (Connection _ = DriverManager.getConnection("jdbc:sqlite::memory:")) {
        // The first connection loads it.
      } finally {
        System.clearProperty(DIRECTORY);
      }
    }
  }
}
