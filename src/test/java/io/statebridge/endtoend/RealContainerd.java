package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A containerd of the test's own, with directories and a socket of its own, with its CRI plugin or
 * without. Containers outlive it when it is stopped, and are ended when it is closed.
 */
final class RealContainerd implements AutoCloseable {
  private static final int STOP_SECONDS = 10;

  private static final String NO_CRI =
      """
      version = 2
      root = "%s"
      state = "%s"
      disabled_plugins = ["io.containerd.grpc.v1.cri"]
      [grpc]
      address = "%s"
      """;

  /** Of containerd 1.6 and 1.7. A container's oom_score_adj may not be lowered everywhere. */
  private static final String CRI_1 =
      """
      version = 2
      root = "%s"
      state = "%s"
      [grpc]
      address = "%s"
      [plugins."io.containerd.grpc.v1.cri"]
      restrict_oom_score_adj = true
      stats_collect_period = 1
      sandbox_image = "localhost/pause:latest"
      [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "native"
      """;

  private static final String CRI_2 =
      """
      version = 3
      root = "%s"
      state = "%s"
      [grpc]
      address = "%s"
      [plugins."io.containerd.cri.v1.runtime"]
      restrict_oom_score_adj = true
      [plugins."io.containerd.cri.v1.images"]
      snapshotter = "native"
      stats_collect_period = 1
      [plugins."io.containerd.cri.v1.images".pinned_images]
      sandbox = "localhost/pause:latest"
      """;

  private final Scratch scratch = Scratch.create();
  private final Path socket = scratch.resolve("containerd.sock");
  private final Path config = scratch.resolve("containerd.toml");
  private final Path log = Checkout.newLog("containerd");
  private boolean withCriPlugin;
  private final RootFilesystem rootFilesystem;
  private final UnixChannel channel = UnixChannel.to(socket);
  private @Nullable TrialSandboxer sandboxer;
  private @Nullable RefusingRunc runc;
  private @Nullable Path binaries;
  private @Nullable Process process;

  /** Not started yet, and without a CRI plugin; fails when a program that is needed is missing. */
  RealContainerd() {
    this(false);
  }

  RealContainerd(boolean withCriPlugin) {
    this(withCriPlugin, false);
  }

  /**
   * @param withSandboxer whether its pods are those of a {@link TrialSandboxer}, from 2.0 on;
   *     before there is none
   */
  RealContainerd(boolean withCriPlugin, boolean withSandboxer) {
    Program.require("containerd", "containerd");
    Program.require("ctr", "containerd");
    Program.require("runc", "runc");
    this.withCriPlugin = withCriPlugin;
    rootFilesystem = RootFilesystem.create(scratch.resolve("rootfs"));
    if (withSandboxer && installedIsVersion2()) {
      sandboxer = TrialSandboxer.start(scratch.resolve("sandboxer"), socket);
    }
    configure(withCriPlugin ? installedIsVersion2() ? CRI_2 : CRI_1 : NO_CRI);
  }

  private void configure(String template) {
    try {
      Files.writeString(
          config,
          template.formatted(scratch.resolve("root"), scratch.resolve("state"), socket)
              + (sandboxer == null ? "" : sandboxer.configuration(withCriPlugin)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From the next start on it has no CRI plugin, and all that it had otherwise. */
  void disableCriPlugin() {
    withCriPlugin = false;
    configure(NO_CRI);
  }

  /** From the next start on it has a CRI plugin, and all that it had. */
  void enableCriPlugin() {
    withCriPlugin = true;
    configure(installedIsVersion2() ? CRI_2 : CRI_1);
  }

  /** From the next start on its shims use this runc. */
  RefusingRunc useRefusingRunc() {
    RefusingRunc used = RefusingRunc.in(scratch.resolve("refusing"));
    runc = used;
    return used;
  }

  /**
   * From its next start on it hears its shims elsewhere, so that what those of now still try to
   * tell it, for 15 seconds, never arrives.
   */
  void turnDeafToItsShims() {
    try {
      Files.writeString(
          config,
          """
          [ttrpc]
          address = "%s"
          """
              .formatted(scratch.resolve("elsewhere.ttrpc")),
          StandardOpenOption.APPEND);
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

  boolean isVersion2() {
    return installedIsVersion2();
  }

  private static boolean installedIsVersion2() {
    return Program.mustRun(List.of("containerd", "--version")).contains("containerd/v2");
  }

  /** Empty before 2.0. */
  Optional<TrialSandboxer> sandboxer() {
    return Optional.ofNullable(sandboxer);
  }

  /** Pods, by its CRI plugin; the images that they need are brought in first. */
  CriPods pods() {
    return CriPods.of(socket, channel, rootFilesystem, scratch.resolve("images.tar"));
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

  /** From the next start on it, and its shims, are of this directory. */
  void useBinaries(Path directory) {
    binaries = directory;
  }

  /** Starts it, for the first time or again, and waits until it serves. */
  void start() {
    Path other = binaries;
    String program = other == null ? "containerd" : other.resolve("containerd").toString();
    ProcessBuilder builder =
        new ProcessBuilder(program, "--config", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    if (other != null) {
      builder.environment().compute("PATH", (_, path) -> other + ":" + path);
    }
    RefusingRunc first = runc;
    if (first != null) {
      builder.environment().compute("PATH", (_, path) -> first.directory() + ":" + path);
    }
    try {
      process = builder.start();
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

  /** Stops it where it is, until {@link #thaw}. */
  void freeze() {
    Signals.freeze(Objects.requireNonNull(process, "not started").toHandle());
  }

  void thaw() {
    Signals.thaw(Objects.requireNonNull(process, "not started").toHandle());
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
      if (withCriPlugin) {
        Leftovers.removePods(new CriPods(channel, rootFilesystem));
      }
      Leftovers.removeContainers(client());
      List<String> namespaces = client().namespaces();
      stop();
      if (sandboxer != null) {
        sandboxer.close();
      }
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
