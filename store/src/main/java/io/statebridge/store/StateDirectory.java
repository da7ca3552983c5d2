package io.statebridge.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The directory that the checkpoint's file is in, as the file system sees it. Only its owner gets
 * in, for labels may hold what others must not read.
 */
record StateDirectory(Path path, InstantSource clock, int maxSetAside) {

  private static final String FILE = "checkpoint.db";
  private static final String LOCK = "checkpoint.lock";

  /** The database, its log, and the log's index, which comes anew by itself. */
  private static final List<String> PARTS = List.of("", "-wal", "-shm");

  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  Path file() {
    return path.resolve(FILE);
  }

  private Path part(String part) {
    return path.resolve(FILE + part);
  }

  /**
   * Takes the directory for this process until the channel is closed: two daemons on one file would
   * overwrite each other's records. The lock has a file of its own, for closing any other handle of
   * the database's file would let go of SQLite's locks.
   */
  FileChannel claim() throws IOException, CheckpointException {
    Files.createDirectories(path, mode("rwx------"));
    FileChannel lock =
        FileChannel.open(
            path.resolve(LOCK),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            mode("rw-------"));
    boolean ours = false;
    try {
      ours = lock.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      // Held by this very process, which is no better.
    } finally {
      if (!ours) {
        lock.close();
      }
    }
    if (!ours) {
      throw CheckpointException.inUse(file());
    }
    return lock;
  }

  /** Sees to it that the file is there, is a file, and is its owner's only. */
  void prepareFile() throws IOException, CheckpointException {
    try {
      Files.createFile(file(), mode("rw-------"));
      return;
    } catch (FileAlreadyExistsException e) {
      // Mostly so.
    }
    if (!Files.isRegularFile(file())) {
      throw CheckpointException.badFile(file(), "is not a regular file");
    }
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    Path log = part("-wal");
    if (Files.size(file()) == 0 && Files.exists(log) && Files.size(log) > 0) {
      // SQLite would take it for new, and delete the log.
      throw CheckpointException.badFile(file(), "is empty although its log is not");
    }
  }

  private static FileAttribute<?> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }

  /** Changes when a part is removed or replaced. Opens nothing: see {@link #claim}. */
  List<Object> identity() throws IOException {
    List<Object> identity = new ArrayList<>();
    for (String part : PARTS) {
      try {
        identity.add(Files.readAttributes(part(part), BasicFileAttributes.class).fileKey());
      } catch (NoSuchFileException e) {
        identity.add("none");
      }
    }
    return identity;
  }

  /**
   * Renames the file, whatever it is, so that nothing is at its path afterwards. Its log goes with
   * it, so that SQLite still reads the two as one.
   *
   * @param why one word
   * @return what it is called now; empty when there was nothing
   */
  Optional<Path> setAside(String why) throws IOException, CheckpointException {
    String prefix = FILE + "." + why + "-";
    try (Stream<Path> entries = Files.list(path)) {
      long there =
          entries
              .map(e -> e.getFileName().toString())
              .filter(n -> n.startsWith(prefix) && n.endsWith("Z"))
              .count();
      if (there >= maxSetAside) {
        throw CheckpointException.unusable(
            file(),
            "no more than %d bad files are kept; look at the disk, and move %s* elsewhere"
                .formatted(maxSetAside, path.resolve(prefix)));
      }
    }
    Instant time = clock.instant();
    while (Files.exists(path.resolve(prefix + TIMESTAMP.format(time)))) {
      time = time.plusMillis(1);
    }
    String name = prefix + TIMESTAMP.format(time);
    Optional<Path> moved = Optional.empty();
    for (String part : PARTS) {
      if (Files.exists(part(part), LinkOption.NOFOLLOW_LINKS)) {
        Files.move(part(part), path.resolve(name + part));
        moved = Optional.of(path.resolve(name));
      }
    }
    return moved;
  }

  /** Copies the file and its log; only while nobody has it open. */
  void copyTo(StateDirectory other) throws IOException {
    Files.copy(file(), other.file(), StandardCopyOption.REPLACE_EXISTING);
    if (Files.exists(part("-wal"))) {
      Files.copy(part("-wal"), other.part("-wal"), StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
