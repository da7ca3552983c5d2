package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The one root filesystem of all containers of a test: busybox, and a directory in which a
 * container can be told to exit.
 */
record RootFilesystem(Path root) {

  static RootFilesystem create(Path root) {
    Path busybox = Program.require("busybox", "busybox-static");
    try {
      Path bin = Files.createDirectories(root.resolve("bin"));
      Files.createDirectory(root.resolve("told"));
      Files.createDirectory(root.resolve("scripts"));
      Files.copy(busybox, bin.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
      for (String applet : List.of("sh", "sleep")) {
        Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Program.Result trial =
        Program.run(new ProcessBuilder("chroot", root.toString(), "/bin/sh", "-c", "exit 3"));
    if (trial.status() != 3) {
      throw new IllegalStateException(
          "these tests need root, and a busybox that is statically linked: install Debian's package"
              + " busybox-static ("
              + trial.err().strip()
              + ")");
    }
    return new RootFilesystem(root);
  }

  /** Puts a container's shell script into the file system; the path there. */
  String addScript(ContainerId id, String script) {
    String file = "scripts/" + name(id);
    try {
      Files.writeString(root.resolve(file), script);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "/" + file;
  }

  /** A shell script that goes on, and costs nothing, until it is told to exit. */
  String untilTold(ContainerId id) {
    return untilTold(name(id));
  }

  String untilTold(String name) {
    Path pipe = pipe(name);
    if (!Files.exists(pipe)) {
      Program.mustRun(List.of("mkfifo", pipe.toString()));
    }
    return "read code < /told/" + name + "; exit $code";
  }

  /** Tells the container which runs {@link #untilTold} its exit code, once it listens. */
  void tell(ContainerId id, int code) {
    tell(name(id), code);
  }

  void tell(String name, int code) {
    try {
      Files.writeString(pipe(name), code + "\n", StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The directory that {@link #untilTold} looks in, as {@code /told}. */
  Path told() {
    return root.resolve("told");
  }

  private Path pipe(String name) {
    return told().resolve(name);
  }

  private static String name(ContainerId id) {
    return id.namespace() + "." + id.id();
  }
}
