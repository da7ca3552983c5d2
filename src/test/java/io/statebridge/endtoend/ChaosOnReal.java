package io.statebridge.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A real containerd, whose containers write down themselves that they end, and with which code:
 * into a file of their root file system, whose date is the kernel's.
 */
final class ChaosOnReal implements ChaosNode {
  private final RealContainerd containerd = new RealContainerd();
  private final List<Path> versions;
  private int version;

  // Guarded by this.
  private boolean up;

  /**
   * @param versions directories of binaries, from the oldest containerd to the newest
   */
  ChaosOnReal(List<Path> versions, int first) {
    this.versions = versions;
    version = first;
    containerd.useBinaries(versions.get(first));
    containerd.start();
    up = true;
  }

  @Override
  public Path socket() {
    return containerd.socket();
  }

  @Override
  public String version() {
    return containerd.client().version().replaceAll("[~+-].*", "");
  }

  @Override
  public String namespace(boolean daemonDeletes) {
    return containerd.namespace(daemonDeletes ? "deleted" : "observed");
  }

  @Override
  public void start(ChaosContainer container) {
    int code = container.plan.code();
    String script =
        "sleep %d.%03d; echo %d > /told/%s; exit %d"
            .formatted(
                container.plan.lifeMillis() / 1000,
                container.plan.lifeMillis() % 1000,
                code,
                end(container).getFileName(),
                code);
    try {
      awaitUp();
      containerd.ctr().run(container.id, script);
      container.started = Instant.now();
    } catch (IllegalStateException e) {
      // containerd went away meanwhile: it may run, or not.
    }
  }

  private synchronized void awaitUp() {
    try {
      while (!up) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Path end(ChaosContainer container) {
    String name = container.id.namespace() + "." + container.id.id() + ".end";
    return containerd.ctr().rootFilesystem().told().resolve(name);
  }

  @Override
  public void observe(ChaosContainer container) {
    if (container.end != null) {
      return;
    }
    boolean lives = lives(container);
    Path end = end(container);
    try {
      if (Files.exists(end) && Files.size(end) > 0) {
        int code = Integer.parseInt(Files.readString(end).strip());
        Instant at = Files.getLastModifiedTime(end).toInstant();
        container.end = new ChaosContainer.End(code, at, false);
      } else if (!lives && container.started != null) {
        container.end = new ChaosContainer.End(128 + 9, Instant.now(), true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean lives(ChaosContainer container) {
    String script = "/scripts/" + container.id.namespace() + "." + container.id.id();
    return ProcessHandle.allProcesses()
        .anyMatch(process -> process.info().commandLine().orElse("").endsWith(script));
  }

  @Override
  public void remove(ChaosContainer container) {
    Leftovers.remove(containerd.client(), container.id);
  }

  private synchronized void up(boolean isUp) {
    up = isUp;
    notifyAll();
  }

  @Override
  public void stop(boolean cleanly) {
    up(false);
    if (cleanly) {
      containerd.stop();
    } else {
      containerd.crash();
    }
  }

  @Override
  public boolean startAgain(boolean otherVersion) {
    if (otherVersion) {
      version++;
      containerd.useBinaries(versions.get(version));
    }
    containerd.start();
    up(true);
    return containerd.forgetsWhatEndedMeanwhile();
  }

  @Override
  public void freeze() {
    up(false);
    containerd.freeze();
  }

  @Override
  public void thaw() {
    containerd.thaw();
    up(true);
  }

  private Optional<ProcessHandle> shim(ChaosContainer container) {
    String id = " -id " + container.id.id() + " ";
    return Leftovers.shims(containerd.socket()).stream()
        .filter(shim -> (shim.info().commandLine().orElse("") + " ").contains(id))
        .findFirst();
  }

  @Override
  public void killShim(ChaosContainer container) {
    shim(container)
        .ifPresent(
            shim -> {
              container.shimKilled = Instant.now();
              shim.destroyForcibly();
            });
  }

  @Override
  public boolean freezeShim(ChaosContainer container) {
    Optional<ProcessHandle> shim = shim(container);
    shim.ifPresent(Signals::freeze);
    return shim.isPresent();
  }

  @Override
  public void thawShim(ChaosContainer container) {
    // containerd may have killed it.
    shim(container).ifPresent(Signals::thaw);
  }

  @Override
  public void close() throws IOException {
    containerd.close();
  }
}
