package io.statebridge.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A small disk of one's own, that can be full, read-only, and well again. Needs root. */
record Disk(Path path) implements AutoCloseable {

  static Disk mount(Path path, String size) throws IOException {
    Files.createDirectories(path);
    run("mount", "-t", "tmpfs", "-o", "size=" + size, "statebridge-test", path.toString());
    return new Disk(path);
  }

  /** With options such as {@code ro} or {@code size=1m}. */
  void remount(String options) throws IOException {
    run("mount", "-o", "remount," + options, path.toString());
  }

  /** Leaves not a byte free. */
  void fill() throws IOException {
    byte[] page = new byte[4096];
    try (OutputStream filler = Files.newOutputStream(path.resolve("filler"))) {
      while (path.toFile().getUsableSpace() > 0) {
        filler.write(page);
      }
    }
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.onExit().orTimeout(10, TimeUnit.SECONDS).join().exitValue())
        .as(said)
        .isZero();
  }

  @Override
  public void close() throws IOException {
    run("umount", "-l", path.toString());
  }
}
