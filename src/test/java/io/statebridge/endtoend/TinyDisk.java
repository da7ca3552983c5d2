package io.statebridge.endtoend;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A disk that can be full and read-only, and well again. Needs root. */
record TinyDisk(Path path) implements AutoCloseable {

  static TinyDisk mount(Path path) {
    return mount(path, 512);
  }

  static TinyDisk mount(Path path, int kibibytes) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Program.mustRun(
        List.of(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=" + kibibytes + "k",
            "statebridge-test",
            path.toString()));
    return new TinyDisk(path);
  }

  void readOnly(boolean readOnly) {
    Program.mustRun(List.of("mount", "-o", "remount," + (readOnly ? "ro" : "rw"), path.toString()));
  }

  /** Leaves not a byte free. */
  void fill() throws IOException {
    if (!Files.getFileStore(path).type().equals("tmpfs")) {
      throw new IllegalStateException(
          path + " is not mounted any more: that would fill a real disk");
    }
    byte[] page = new byte[4096];
    try (OutputStream filler = Files.newOutputStream(path.resolve("filler"))) {
      while (path.toFile().getUsableSpace() > 0) {
        filler.write(page);
      }
    }
  }

  void empty() throws IOException {
    Files.delete(path.resolve("filler"));
  }

  @Override
  public void close() {
    Program.mustRun(List.of("umount", "-l", path.toString()));
  }
}
