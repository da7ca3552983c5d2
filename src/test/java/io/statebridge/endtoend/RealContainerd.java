package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A containerd of the test's own, with directories and a socket of its own, and without its CRI
 * plugin. Containers outlive it when it is stopped, and are ended when it is closed.
 */
final class RealContainerd implements AutoCloseable {
  private static final int STOP_SECONDS = 10;

  private final Scratch scratch = Scratch.create();
  private final Path socket = scratch.resolve("containerd.sock");
  private final Path config = scratch.resolve("containerd.toml");
  private final Path log = Checkout.newLog("containerd");
  private final RootFilesystem rootFilesystem;
  private final UnixChannel channel = UnixChannel.to(socket);
  private @Nullable Process process;

  /** Not started yet; fails when a program that is needed is missing. */
  RealContainerd() {
    Program.require("containerd", "containerd");
    Program.require("ctr", "containerd");
    Program.require("runc", "runc");
    rootFilesystem = RootFilesystem.create(scratch.resolve("rootfs"));
    try {
      Files.writeString(
          config,
          """
          version = 2
          root = "%s"
          state = "%s"
          disabled_plugins = ["io.containerd.grpc.v1.cri"]
          [grpc]
          address = "%s"
          """
              .formatted(scratch.resolve("root"), scratch.resolve("state"), socket));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path socket() {
    return socket;
  }

  /**
   * A namespace that no other containerd of this machine has: runc and the cgroups are shared by
   * all of them, and know containers by namespace and id alone.
   */
  String namespace(String word) {
    return word + "-" + Integer.toHexString(scratch.directory().hashCode());
  }

  /** From 1.7 on containerd deletes, at its start, the tasks that ended while it was down. */
  boolean forgetsWhatEndedMeanwhile() {
    return !client().version().startsWith("1.6.");
  }

  ContainerdClient client() {
    return new ContainerdClient(channel);
  }

  /** Containers by containerd's own command line tool. */
  Ctr ctr() {
    return new Ctr(socket, rootFilesystem);
  }

  /** Starts it, for the first time or again, and waits until it serves. */
  void start() {
    try {
      process =
          new ProcessBuilder("containerd", "--config", config.toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    await("containerd to serve, see " + log).until(() -> client().isServing());
  }

  /** Ends containerd alone, as its service manager would; containers go on. */
  void stop() {
    end(Process::destroy);
  }

  /** Ends containerd alone and without warning; containers go on. */
  void crash() {
    end(Process::destroyForcibly);
  }

  private void end(Consumer<Process> how) {
    Process running = process;
    process = null;
    if (running == null) {
      return;
    }
    how.accept(running);
    try {
      if (!running.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        running.destroyForcibly();
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    try (scratch;
        channel) {
      if (process == null) {
        start();
      }
      Leftovers.removeContainers(client());
      List<String> namespaces = client().namespaces();
      stop();
      Leftovers.endShims(socket);
      for (String namespace : namespaces) {
        Leftovers.removeDirectories(namespace);
      }
    } finally {
      // Whatever failed above.
      crash();
    }
  }
}
