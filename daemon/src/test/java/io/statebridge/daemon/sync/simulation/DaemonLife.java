package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.daemon.sync.DeletePolicy;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The daemon from one start to the next crash: a store, restored from the disk, and its sync. */
final class DaemonLife {

  private static final int LOG_CAPACITY = 16_384;

  final int number;
  final DaemonLoop loop;
  final ContainerStore store;
  final Sync sync;
  final SimulatedCheckpoint checkpoint;
  private final Without without;
  private boolean dead;

  DaemonLife(World world, int number, Without without) {
    this.number = number;
    this.without = without;
    loop = new DaemonLoop(world.time);
    store =
        new ContainerStore(
            "life-" + number,
            LOG_CAPACITY,
            Duration.ofHours(1),
            world.time::wall,
            this.loop::nanoTime);
    world.disk.saved.restoreTo(store);
    world.oracle.begin(this);
    List<ExitWaiter> waiters = new ArrayList<>();
    if (world.schedule.shimWaits() && without != Without.SHIM_WAIT) {
      waiters.add(new SimulatedWaiter(world, this, ExitSource.SHIM));
    }
    if (world.schedule.runtimeWaits() && without != Without.SHIM_WAIT) {
      waiters.add(new SimulatedWaiter(world, this, ExitSource.WAIT));
    }
    checkpoint = new SimulatedCheckpoint(world, this, store);
    sync =
        new Sync(
            loop,
            store,
            new SimulatedRuntime(world, this),
            waiters,
            checkpoint,
            new DeletePolicy(
                Setting.AUTO,
                Map.of(
                    Slot.DELETING,
                    Setting.ALWAYS,
                    Slot.OBSERVED,
                    Setting.NEVER,
                    ContainerRuntime.CRI_NAMESPACE,
                    Setting.AUTO)),
            without.settings(),
            new Random(world.schedule.seed() * 31 + number),
            world.node);
    sync.start();
  }

  Without without() {
    return without;
  }

  /** Whether the policy lets us delete in a namespace now. */
  boolean mayDelete(String namespace) {
    DeletePolicy.Decision decision = sync.policy().decisions().get(namespace);
    return decision != null && decision.deletes();
  }

  boolean dead() {
    return dead;
  }

  void kill() {
    dead = true;
    loop.kill();
  }
}
