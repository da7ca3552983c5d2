package io.statebridge.daemon.sync.simulation;

/**
 * containerd's CRI plugin, as far as it ends tasks: it deletes them itself, and only then keeps how
 * they ended. What ends while it is away and is gone when it is back it does not know.
 */
final class CriPlugin {

  private final World world;

  CriPlugin(World world) {
    this.world = world;
  }

  void ended(LedgerRun run) {
    if (!run.container.slot.isCri() || !world.containerd.criLoaded || !world.containerd.up) {
      return;
    }
    int incarnation = world.containerd.incarnation;
    world.time.after(
        world.leg("cri delete", run.pid) + world.noise.between(2, 30, "cri", run.pid),
        () -> delete(run, incarnation));
  }

  private void delete(LedgerRun run, int incarnation) {
    if (incarnation != world.containerd.incarnation || !run.listed || run.shim.dead) {
      return;
    }
    if (run.shim.hangs(world.time.nowNanos())) {
      world.time.after(1_000_000_000, () -> delete(run, incarnation));
      return;
    }
    world.trace.add("cri", "deletes the task of " + run);
    world.node.delete(run);
    world.time.after(
        world.leg("cri write", run.pid),
        () -> {
          if (incarnation == world.containerd.incarnation) {
            run.container.criEnd = run;
          }
        });
  }
}
