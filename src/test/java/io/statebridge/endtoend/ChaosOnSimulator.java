package io.statebridge.endtoend;

import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The simulated containerd. Its shims and its containers are in this process, and outlive it. */
final class ChaosOnSimulator implements ChaosNode {
  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final ScheduledExecutorService ends =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("chaos-ends").daemon().factory());

  // Guarded by this.
  private boolean up = true;

  /** Whose shim is stopped, and whether its process has ended meanwhile. Guarded by itself. */
  private final Map<ChaosContainer, Boolean> stopped = new HashMap<>();

  ChaosOnSimulator() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
  }

  @Override
  public Path socket() {
    return containerd.socket();
  }

  @Override
  public String version() {
    return "simulated";
  }

  @Override
  public String namespace(boolean daemonDeletes) {
    return daemonDeletes ? "deleted" : "observed";
  }

  @Override
  public synchronized void start(ChaosContainer container) {
    try {
      while (!up) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    containerd.run(container.id.namespace(), container.id.id());
    container.started = Instant.now();
    if (!container.plan.stays()) {
      ends.schedule(() -> end(container), container.plan.lifeMillis(), TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void end(ChaosContainer container) {
    synchronized (stopped) {
      if (stopped.computeIfPresent(container, (_, _) -> true) == null && hasTask(container)) {
        exit(container);
      }
    }
  }

  private void exit(ChaosContainer container) {
    int code = container.plan.code();
    Instant at = containerd.exit(container.id.namespace(), container.id.id(), code);
    container.end = new ChaosContainer.End(code, at, false);
  }

  private boolean hasTask(ChaosContainer container) {
    return containerd.hasTask(container.id.namespace(), container.id.id());
  }

  @Override
  public void observe(ChaosContainer container) {
    // It was noted when it ended.
  }

  @Override
  public void remove(ChaosContainer container) {
    containerd.deleteTask(container.id.namespace(), container.id.id());
    containerd.deleteContainer(container.id.namespace(), container.id.id());
  }

  private synchronized void up(boolean isUp) {
    up = isUp;
    notifyAll();
  }

  @Override
  public void stop(boolean cleanly) {
    up(false);
    if (cleanly) {
      containerd.events().endStreamsCleanly();
    }
    containerd.stop();
  }

  @Override
  public boolean startAgain(boolean otherVersion) {
    if (otherVersion) {
      containerd.restartForgettingEndedTasks();
    } else {
      containerd.restart();
    }
    up(true);
    return otherVersion;
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

  @Override
  public void killShim(ChaosContainer container) {
    synchronized (stopped) {
      if (hasTask(container)) {
        container.shimKilled = Instant.now();
        int pid = container.plan.code() % 2 == 0 ? 0 : SimulatedContainerd.DEAD_SHIM_PID;
        containerd.killShim(container.id.namespace(), container.id.id(), pid);
      }
    }
  }

  @Override
  public boolean freezeShim(ChaosContainer container) {
    synchronized (stopped) {
      if (!hasTask(container)) {
        return false;
      }
      stopped.put(container, false);
      containerd.freezeShim(container.id.namespace(), container.id.id());
      return true;
    }
  }

  @Override
  public void thawShim(ChaosContainer container) {
    synchronized (stopped) {
      @Nullable Boolean hasEnded = stopped.remove(container);
      if (Boolean.TRUE.equals(hasEnded) && hasTask(container)) {
        exit(container);
      }
    }
    containerd.thawShim(container.id.namespace(), container.id.id());
  }

  @Override
  public void close() {
    ends.shutdownNow();
    try (scratch) {
      containerd.close();
    }
  }
}
