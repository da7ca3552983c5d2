package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A real containerd, whose containers write down themselves that they end, and with which code:
 * into a file of their root file system, whose date is the kernel's.
 */
final class ChaosOnReal implements ChaosNode {
  private final RealContainerd containerd = new RealContainerd();
  private final List<Path> versions;
  private final Map<ChaosContainer, RandomAccessFile> listening = new ConcurrentHashMap<>();
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
    ChaosPlan.Start plan = container.plan;
    String script =
        "%s; echo %d > /told/%s; exit %d"
            .formatted(
                plan.stays()
                    ? "read go < /told/" + told(container).getFileName()
                    : "sleep %d.%03d".formatted(plan.lifeMillis() / 1000, plan.lifeMillis() % 1000),
                plan.code(),
                written(container).getFileName(),
                plan.code());
    if (plan.stays()) {
      Program.mustRun(List.of("mkfifo", told(container).toString()));
      listening.put(container, openForBoth(told(container)));
    }
    try {
      awaitUp();
      containerd.ctr().run(container.id, script);
      container.started = Instant.now();
    } catch (IllegalStateException e) {
      // containerd went away meanwhile: it may run, or not.
      System.out.println("chaos: its start was interrupted: " + container.id);
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

  private Path written(ChaosContainer container) {
    return file(container, ".end");
  }

  private Path told(ChaosContainer container) {
    return file(container, ".told");
  }

  private Path file(ChaosContainer container, String suffix) {
    String name = container.id.namespace() + "." + container.id.id() + suffix;
    return containerd.ctr().rootFilesystem().told().resolve(name);
  }

  /** So nobody waits for the other side, and what is written stays until it is read. */
  private static RandomAccessFile openForBoth(Path pipe) {
    try {
      return new RandomAccessFile(pipe.toFile(), "rw");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void end(ChaosContainer container) {
    try {
      Objects.requireNonNull(listening.get(container)).writeBytes("go\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void observe(ChaosContainer container) {
    if (container.end != null) {
      return;
    }
    boolean lives = lives(container);
    Path end = written(container);
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
    // One whose start was interrupted may not be there.
    if (containerd.client().containers(container.id.namespace()).contains(container.id)) {
      Leftovers.remove(containerd.client(), container.id);
    }
    try (RandomAccessFile _ = listening.remove(container)) {
      // Closed.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
    return Leftovers.shims(containerd.socket()).stream()
        .filter(shim -> isOf(shim, container.id.id()))
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
    // Those of containers that are gone: containerd was killed as it started or deleted a task.
    Leftovers.shims(containerd.socket()).stream()
        .filter(shim -> listed().noneMatch(id -> isOf(shim, id)))
        .forEach(
            shim -> {
              System.out.println("chaos: a shim was left: " + shim.info().commandLine().orElse(""));
              shim.descendants().forEach(ProcessHandle::destroyForcibly);
              shim.destroyForcibly();
            });
    // The process of a container may outlive a shim that was killed.
    ProcessHandle.allProcesses()
        .filter(process -> isScriptOf(process, namespace(true), namespace(false)))
        .forEach(ProcessHandle::destroyForcibly);
    try {
      containerd.close();
    } catch (FileSystemException e) {
      // Of a start that was interrupted: the rounds go on.
      System.out.println("chaos: a cgroup was left: " + e.getMessage());
    }
  }

  private static boolean isScriptOf(ProcessHandle process, String one, String other) {
    String command = process.info().commandLine().orElse("");
    return command.contains("/scripts/" + one + ".") || command.contains("/scripts/" + other + ".");
  }

  private Stream<String> listed() {
    return Stream.of(true, false)
        .flatMap(deletes -> containerd.client().containers(namespace(deletes)).stream())
        .map(ContainerId::id);
  }

  private static boolean isOf(ProcessHandle shim, String id) {
    return (shim.info().commandLine().orElse("") + " ").contains(" -id " + id + " ");
  }
}
