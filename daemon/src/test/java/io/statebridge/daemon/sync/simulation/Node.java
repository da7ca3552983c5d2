package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.daemon.sync.NodeProcesses;
import io.statebridge.daemon.sync.simulation.LedgerRun.Phase;
import java.time.Instant;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Containers, shims and processes, and what clients and the kernel do to them. */
final class Node implements NodeProcesses {

  private static final long MILLI = 1_000_000;
  private static final long TICK_NANOS = 10 * MILLI;
  private static final int KILLED = 137;
  private static final long NO_PID = 0xFFFF_FFFFL;

  private final World world;
  private final @Nullable LedgerContainer[] current;
  private long nextPid = 1000;

  Node(World world) {
    this.world = world;
    this.current = new LedgerContainer[world.schedule.slots().size()];
  }

  /** The container that was created last in a slot. */
  @Nullable LedgerContainer current(int slot) {
    return slot < 0 || slot >= current.length ? null : current[slot];
  }

  static String bundle(ContainerId id) {
    return "/run/containerd/io.containerd.runtime.v2.task/" + id.namespace() + "/" + id.id();
  }

  void createContainer(Slot slot) {
    LedgerContainer before = current[slot.number()];
    int creation = before == null ? 0 : before.creation + 1;
    ContainerId id =
        new ContainerId(
            slot.namespace(), slot.isCri() ? slot.name() + "-" + creation : slot.name());
    LedgerContainer sandbox = slot.pod() < 0 || slot.isSandbox() ? null : current(slot.pod());
    boolean podIsMissing =
        slot.pod() >= 0 && !slot.isSandbox() && (sandbox == null || !sandbox.exists);
    if (!world.containerd.up
        || podIsMissing
        || (before != null && before.exists)
        || world.ledger.task(id) != null
        || (before != null && before.last() != null && before.last().lives())) {
      return;
    }
    String sandboxId = sandbox == null ? "" : sandbox.id.id();
    LedgerContainer fresh =
        new LedgerContainer(id, slot, world.time.uniqueWall(), sandboxId, creation);
    current[slot.number()] = fresh;
    world.ledger.add(fresh);
    world.events.byContainerd(new ContainerEvent.ContainerCreated(id, "image", "runc"), null);
  }

  void updateContainer(LedgerContainer container) {
    if (world.containerd.up && container.exists) {
      container.updates++;
      world.events.byContainerd(new ContainerEvent.ContainerChanged(container.id), null);
    }
  }

  void deleteContainer(LedgerContainer container) {
    boolean inUse = container.slot.isCri() && world.ledger.task(container.id) != null;
    if (world.containerd.up && container.exists && !inUse) {
      container.exists = false;
      world.events.byContainerd(new ContainerEvent.ContainerDeleted(container.id), null);
    }
  }

  void createTask(LedgerContainer container, boolean reusePid) {
    Shim shim = shimFor(container);
    if (!world.containerd.up
        || !container.exists
        || shim == null
        || world.ledger.task(container.id) != null
        || (container.last() != null && !mayFollow(container.last()))
        || (container.slot.isCri() && !container.runs.isEmpty())) {
      return;
    }
    long pid = reusePid ? usedPid(container) : nextPid++;
    LedgerRun run =
        new LedgerRun(
            container,
            world.ledger.countRuns(container.id),
            pid,
            shim,
            world.time.nowNanos(),
            world.time.wall());
    container.runs.add(run);
    shim.runs.add(run);
    world.events.byShim(
        new ContainerEvent.TaskCreated(container.id, pid, bundle(container.id), world.time.wall()),
        run);
  }

  /**
   * A shim and its runc need some 30 ms to make a process. Processes of one tick of the kernel's
   * clock could not be told apart by it.
   */
  private boolean mayFollow(LedgerRun before) {
    return world.time.nowNanos() - before.endedNanos > TICK_NANOS;
  }

  private @Nullable Shim shimFor(LedgerContainer container) {
    if (container.sandboxId.isEmpty()) {
      return new Shim();
    }
    LedgerContainer sandbox = current(container.slot.pod());
    LedgerRun run = sandbox == null ? null : sandbox.last();
    return run == null || !run.listed || run.shim.dead || !run.lives() ? null : run.shim;
  }

  /** Of a process of another container that has ended. */
  private long usedPid(LedgerContainer container) {
    List<LedgerRun> all = world.ledger.runs();
    return all.stream()
        .filter(run -> !run.id().equals(container.id) && run.pid != 0)
        .mapToLong(run -> run.pid)
        .filter(pid -> all.stream().noneMatch(run -> run.pid == pid && run.lives()))
        .filter(pid -> all.stream().noneMatch(r -> r.pid == pid && r.id().equals(container.id)))
        .findFirst()
        .orElseGet(() -> nextPid++);
  }

  void start(LedgerRun run) {
    if (world.containerd.up
        && run.phase == Phase.CREATED
        && run.listed
        && run.container.exists
        && answers(run.shim)) {
      run.phase = Phase.RUNNING;
      Instant at = world.time.wall();
      run.startedAt = at;
      world.events.byShim(new ContainerEvent.TaskStarted(run.id(), run.pid, at), run);
    }
  }

  void pause(LedgerRun run, boolean paused) {
    if (world.containerd.up
        && run.phase == (paused ? Phase.RUNNING : Phase.PAUSED)
        && run.container.exists
        && answers(run.shim)) {
      run.phase = paused ? Phase.PAUSED : Phase.RUNNING;
      world.events.byShim(
          paused
              ? new ContainerEvent.TaskPaused(run.id())
              : new ContainerEvent.TaskResumed(run.id()),
          null);
    }
  }

  private boolean answers(Shim shim) {
    return !shim.dead && !shim.hangs(world.time.nowNanos());
  }

  void outOfMemory(LedgerRun run) {
    if (!run.shim.dead) {
      run.outOfMemory = true;
      world.events.byShim(new ContainerEvent.OutOfMemory(run.id()), run);
    }
  }

  void execExit(LedgerRun run, int code, boolean samePid) {
    if (run.lives() && !run.shim.dead) {
      Exit exit = new Exit(code, world.time.uniqueWall(), ExitSource.EVENT);
      world.events.byShim(
          new ContainerEvent.Exited(run.id(), "exec-1", samePid ? run.pid : nextPid++, exit), null);
    }
  }

  /** The init process ends. */
  void exit(LedgerRun run, int code) {
    if (!run.lives() || run.shim.dead) {
      return;
    }
    run.code = run.phase == Phase.CREATED ? KILLED : code;
    run.phase = Phase.ENDED;
    run.endedNanos = world.time.nowNanos();
    Instant at = world.time.uniqueWall();
    run.exitedAt = at;
    world.trace.add("node", "ended: ", run);
    long silentFor = Math.max(0, run.shim.hungUntilNanos - world.time.nowNanos());
    world.time.after(silentFor, () -> tellExit(run));
  }

  private void tellExit(LedgerRun run) {
    if (run.shim.dead) {
      return;
    }
    world.events.byShim(
        new ContainerEvent.Exited(
            run.id(), run.id().id(), run.pid, Objects.requireNonNull(run.exit(ExitSource.EVENT))),
        run);
    endWaits(run, true);
    world.oracle.couldBeAsked(run);
    world.cri.ended(run);
  }

  /** A client's Delete, which was let in. */
  void delete(LedgerRun run) {
    run.listed = false;
    if (run.lives()) {
      run.endedNanos = world.time.nowNanos();
      run.phase = Phase.ENDED;
    }
    world.events.byShim(
        new ContainerEvent.TaskDeleted(run.id(), run.pid, run.exit(ExitSource.EVENT)), run);
    shutDown(run);
  }

  /** Another client deletes the task. */
  void deleteByOther(LedgerRun run) {
    boolean deletable = !run.lives() || run.phase == Phase.CREATED;
    if (world.containerd.up
        && run.listed
        && run.container.exists
        && deletable
        && answers(run.shim)) {
      delete(run);
    }
  }

  /** The shim goes with its last task. */
  void shutDown(LedgerRun run) {
    run.shim.runs.remove(run);
    if (run.shim.runs.isEmpty()) {
      run.shim.dead = true;
    }
    endWaits(run, run.exitedAt != null && !run.shim.dead);
  }

  /** Connections break, or whoever waits is told. */
  void endWaits(LedgerRun run, boolean told) {
    List<LedgerRun.Waiting> all = List.copyOf(run.waiters);
    run.waiters.clear();
    all.forEach(told ? LedgerRun.Waiting::ended : LedgerRun.Waiting::broken);
  }

  void failStart(LedgerContainer container) {
    if (world.containerd.up
        && world.containerd.criLoaded
        && container.slot.isCri()
        && container.exists
        && container.runs.isEmpty()) {
      LedgerRun run =
          new LedgerRun(
              container,
              world.ledger.countRuns(container.id),
              0,
              new Shim(),
              world.time.nowNanos(),
              world.time.wall());
      run.phase = Phase.ENDED;
      run.listed = false;
      run.code = 128;
      run.exitedAt = world.time.uniqueWall();
      container.runs.add(run);
      container.criEnd = run;
    }
  }

  /** containerd then makes up an exit, of the sandbox alone if it is a pod's shim. */
  void killShim(LedgerRun run, int code, int whichPid) {
    Shim shim = run.shim;
    if (!run.listed || shim.dead) {
      return;
    }
    shim.dead = true;
    world.trace.add("node", "the shim of " + run + " is killed");
    for (LedgerRun of : shim.runs) {
      of.fabricatedCode = code;
      of.fabricatedPid = whichPid == 0 ? of.pid : whichPid == 1 ? 0 : NO_PID;
      endWaits(of, false);
    }
    if (world.containerd.up) {
      int incarnation = world.containerd.incarnation;
      world.time.after(
          world.noise.between(1, 150, "clean up", run.pid),
          () -> {
            if (incarnation == world.containerd.incarnation) {
              cleanUpAfter(shim);
            }
          });
    }
  }

  void cleanUpAfter(Shim shim) {
    List<LedgerRun> runs = new ArrayList<>(shim.runs);
    shim.runs.clear();
    for (LedgerRun run : runs) {
      run.listed = false;
      Instant at = world.time.uniqueWall();
      if (run.lives()) {
        run.endedNanos = world.time.nowNanos();
        run.phase = Phase.ENDED;
        run.code = KILLED;
        run.exitedAt = at;
      }
      if (run.container.sandboxId.isEmpty()) {
        Exit made = new Exit(run.fabricatedCode, at, ExitSource.EVENT);
        run.fabricated = made;
        world.events.byContainerd(
            new ContainerEvent.Exited(run.id(), run.id().id(), run.fabricatedPid, made), run);
        world.events.byContainerd(
            new ContainerEvent.TaskDeleted(run.id(), run.fabricatedPid, made), run);
      }
    }
  }

  void hangShim(LedgerRun run, long millis) {
    run.shim.hungUntilNanos = world.time.nowNanos() + millis * MILLI;
  }

  @Override
  public Optional<Instant> startOf(long pid) {
    return process(pid)
        .map(run -> world.time.wallAt(run.createdNanos))
        .map(at -> at.minusNanos(at.get(ChronoField.NANO_OF_SECOND) % TICK_NANOS));
  }

  @Override
  public Optional<String> bundleOf(ContainerId id, long pid) {
    return process(pid).filter(run -> run.id().equals(id) && !run.shim.dead).map(run -> bundle(id));
  }

  private Optional<LedgerRun> process(long pid) {
    return world.ledger.runs().stream()
        .filter(run -> world.schedule.kernelKnows() && run.pid == pid && pid != 0 && run.lives())
        .findFirst();
  }
}
