package io.statebridge.store;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint's file cannot be used. The message is for people: it names the file and what to do
 * about it.
 */
final class CheckpointException extends Exception {

  private static final long serialVersionUID = 1;

  // SQLite's result codes, which its driver hands on as the vendor's.
  private static final int ERROR = 1;
  private static final int BUSY = 5;
  private static final int READ_ONLY = 8;
  private static final int CORRUPT = 11;
  private static final int FULL = 13;
  private static final int CANNOT_OPEN = 14;
  private static final int CONSTRAINT = 19;
  private static final int NOT_A_DATABASE = 26;

  /** What we say is right, so a table that does not understand it is none of ours. */
  private static final Set<Integer> BAD_FILE = Set.of(ERROR, CORRUPT, CONSTRAINT, NOT_A_DATABASE);

  /** What would help. */
  enum Kind {
    /** There is a file, but it is no checkpoint of ours: a fresh one in its place. */
    BAD_FILE,
    /** Another daemon has it: the end of that one. */
    IN_USE,
    /** The disk, or how we may use it, is at fault: people, or time. */
    DISK
  }

  private final Kind kind;

  private CheckpointException(Kind kind, String message, @Nullable Exception cause) {
    super(message, cause);
    this.kind = kind;
  }

  static CheckpointException badFile(Path file, String why) {
    return new CheckpointException(Kind.BAD_FILE, file + ": " + why, null);
  }

  static CheckpointException inUse(Path file) {
    return new CheckpointException(
        Kind.IN_USE,
        file + ": in use by another daemon; give each a state directory of its own",
        null);
  }

  static CheckpointException unusable(Path file, String why) {
    return new CheckpointException(Kind.DISK, file + ": " + why, null);
  }

  static CheckpointException of(Path file, IOException e) {
    String what = e instanceof FileSystemException f ? reason(f) : Objects.toString(e.getMessage());
    return new CheckpointException(
        Kind.DISK, file + ": " + what + "; " + makeWritable(file) + ", with space left", e);
  }

  static CheckpointException of(Path file, SQLException e) {
    int code = e.getErrorCode();
    String remedy =
        switch (code) {
          case BUSY -> "end the program that keeps it locked";
          case READ_ONLY, CANNOT_OPEN -> makeWritable(file);
          case FULL -> "free space on its file system";
          default -> "look at the disk, and at the kernel's log";
        };
    boolean bad = BAD_FILE.contains(code);
    return new CheckpointException(
        bad ? Kind.BAD_FILE : Kind.DISK,
        file + ": " + e.getMessage() + (bad ? "" : "; " + remedy),
        e);
  }

  private static String reason(FileSystemException e) {
    return e.getReason() != null ? e.getReason() : e.toString();
  }

  private static String makeWritable(Path file) {
    return "make " + file.getParent() + " a directory that this user can write to";
  }

  Kind kind() {
    return kind;
  }
}
