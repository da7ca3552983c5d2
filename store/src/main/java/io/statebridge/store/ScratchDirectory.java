package io.statebridge.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A new directory for files of a moment; they go when it is closed. */
record ScratchDirectory(Path path) implements AutoCloseable {

  static ScratchDirectory in(Path parent) throws IOException {
    return new ScratchDirectory(Files.createTempDirectory(parent, "statebridge-"));
  }

  /** Where the system wants such files. */
  static Path systemParent() {
    return Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
  }

  @Override
  public void close() throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(path)) {
      files = entries.toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
    Files.delete(path);
  }
}
