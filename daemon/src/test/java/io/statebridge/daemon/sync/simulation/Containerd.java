package io.statebridge.daemon.sync.simulation;

import java.util.ArrayList;
import java.util.List;

/** containerd itself: there or away, and what it does with its tasks when it starts. */
final class Containerd {

  private final World world;

  /** A 1.6, which keeps the tasks that ended while it was away. */
  final boolean keepsStopped;

  boolean criLoaded;
  boolean up = true;

  /** Calls of an earlier one are never answered. */
  int incarnation;

  /** Whatever ends when containerd goes: calls and Waits under way. */
  private final List<Runnable> onStop = new ArrayList<>();

  Containerd(World world, boolean keepsStopped, boolean criLoaded) {
    this.world = world;
    this.keepsStopped = keepsStopped;
    this.criLoaded = criLoaded;
  }

  void onStop(Runnable task) {
    onStop.add(task);
  }

  void forget(Runnable task) {
    onStop.remove(task);
  }

  void restart(long downMillis, boolean toggleCri) {
    if (!up) {
      return;
    }
    world.trace.add("node", "containerd stops");
    up = false;
    incarnation++;
    List<Runnable> ended = List.copyOf(onStop);
    onStop.clear();
    ended.forEach(Runnable::run);
    world.events.cut(true);
    world.time.after(
        downMillis * 1_000_000,
        () -> {
          criLoaded ^= toggleCri;
          start();
        });
  }

  void start() {
    if (up) {
      return;
    }
    up = true;
    world.trace.add("node", "containerd starts, CRI plugin loaded: " + criLoaded);
    for (LedgerRun run : world.ledger.runs()) {
      if (run.listed) {
        load(run);
      }
    }
  }

  private void load(LedgerRun run) {
    if (run.shim.dead) {
      world.node.cleanUpAfter(run.shim);
    } else if (!run.container.exists) {
      // Its directory is removed; the process lives on, and its shim.
      run.listed = false;
      run.shim.reachable = false;
    } else if (!run.lives() && !keepsStopped) {
      run.listed = false;
      world.node.shutDown(run);
    } else if (!run.lives()) {
      world.cri.ended(run);
    }
  }
}
