package io.statebridge.daemon.sync.simulation;

import io.statebridge.daemon.sync.Durability;
import io.statebridge.daemon.sync.simulation.RecordView.Saved;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.WatchCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Follows the store onto the disk, some milliseconds behind. Whoever waits for longer than 2 s is
 * let go, and until the next write nobody waits.
 */
final class SimulatedCheckpoint implements Durability {

  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private record Waiter(long revision, CompletableFuture<@Nullable Void> reached) {}

  private final World world;
  private final DaemonLife life;
  private final ContainerStore store;
  private final WatchCursor cursor;
  private final List<Waiter> waiters = new ArrayList<>();
  private long durableRevision;
  private boolean degraded;
  private boolean writing;

  SimulatedCheckpoint(World world, DaemonLife life, ContainerStore store) {
    this.world = world;
    this.life = life;
    this.store = store;
    cursor = store.follow(this::wake).cursor();
    reachEnd();
    wake();
  }

  /** Whether nobody waits for the disk at the moment. */
  boolean degraded() {
    return degraded;
  }

  private void reachEnd() {
    try {
      while (cursor.next().isPresent()) {
        // A write holds all that the store does.
      }
    } catch (CompactedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void wake() {
    if (!writing) {
      writing = true;
      world.time.after(world.noise.between(0, 8, "disk", life.number), this::write);
    }
  }

  private void write() {
    if (life.dead()) {
      return;
    }
    long stuck = world.disk.stuckUntilNanos - world.time.nowNanos();
    if (stuck > 0) {
      world.time.after(stuck, this::write);
      return;
    }
    Saved saved = Saved.of(store);
    long revision = store.revision();
    reachEnd();
    world.time.after(
        world.noise.between(0, 8, "sync", life.number), () -> written(saved, revision));
  }

  private void written(Saved saved, long revision) {
    if (life.dead()) {
      return;
    }
    world.disk.saved = saved;
    durableRevision = revision;
    degraded = false;
    writing = false;
    release(revision);
    if (store.revision() > revision) {
      wake();
    }
  }

  private void release(long revision) {
    List<Waiter> done = waiters.stream().filter(w -> w.revision <= revision).toList();
    waiters.removeAll(done);
    done.forEach(w -> w.reached.complete(null));
  }

  @Override
  public CompletionStage<@Nullable Void> durable(long revision) {
    if (degraded
        || revision <= durableRevision
        || life.without() == Without.DURABLE_BEFORE_DELETE) {
      return CompletableFuture.completedStage(null);
    }
    Waiter waiter = new Waiter(revision, new CompletableFuture<>());
    waiters.add(waiter);
    world.time.after(
        PATIENCE_NANOS,
        () -> {
          if (waiters.contains(waiter)) {
            degraded = true;
            release(Long.MAX_VALUE);
          }
        });
    return waiter.reached;
  }
}
