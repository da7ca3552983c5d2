package io.statebridge.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.util.LibraryLoaderUtil;

/**
 * SQLite's native library. Left to itself, its driver unpacks it into a temporary file that only an
 * orderly end removes, so that every crash would leave a megabyte behind; and it tries to load it
 * only once, so that one full disk would end the checkpoint for the rest of the process's life. So
 * we unpack and load it ourselves, from a directory of a moment: in the state directory, which is
 * private, or else in the system's, which may forbid execution.
 *
 * <p>Whoever sets the driver's own property {@code org.sqlite.tmpdir} or {@code
 * org.sqlite.lib.path} has decided otherwise.
 */
final class SqliteLibrary {

  private static final Logger log = LoggerFactory.getLogger(SqliteLibrary.class);
  private static final String DIRECTORY = "org.sqlite.lib.path";

  private static boolean loaded;

  private SqliteLibrary() {}

  /** Loads it, if that is still to be done; may be called again after a failure. */
  static synchronized void load(Path stateDirectory) throws CheckpointException {
    if (loaded
        || System.getProperty(DIRECTORY) != null
        || System.getProperty("org.sqlite.tmpdir") != null) {
      return;
    }
    List<Path> parents = List.of(stateDirectory, ScratchDirectory.systemParent());
    for (Path parent : parents) {
      try {
        loadFrom(parent);
        loaded = true;
        return;
      } catch (IOException | SQLException | UnsatisfiedLinkError e) {
        log.debug("SQLite's library cannot be loaded from {}", parent, e);
      }
    }
    throw CheckpointException.unusable(
        stateDirectory,
        "SQLite's library can be loaded from none of %s; let one of them be written to and executed in"
            .formatted(parents));
  }

  // Whoever forbids us native access has forbidden the driver's, too.
  @SuppressWarnings("restricted")
  private static void loadFrom(Path parent) throws IOException, SQLException {
    String name = LibraryLoaderUtil.getNativeLibName();
    String resource = LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name;
    try (ScratchDirectory scratch = ScratchDirectory.in(parent)) {
      Path library = scratch.path().resolve(name);
      try (InputStream packed = LibraryLoaderUtil.class.getResourceAsStream(resource)) {
        if (packed == null) {
          throw new IOException("the driver has no library for this machine: " + resource);
        }
        Files.copy(packed, library);
      }
      System.load(library.toString());
      // Now the driver's only try cannot fail.
      System.setProperty(DIRECTORY, scratch.path().toString());
      try (Connection _ = DriverManager.getConnection("jdbc:sqlite::memory:")) {
        // The first connection loads it.
      } finally {
        System.clearProperty(DIRECTORY);
      }
    }
  }
}
