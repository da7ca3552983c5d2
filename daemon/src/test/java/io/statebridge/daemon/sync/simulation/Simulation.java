package io.statebridge.daemon.sync.simulation;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One run of one schedule: the daemon starts, the steps happen, everything is healed and has time.
 * It ends at the first violation.
 */
final class Simulation {

  /** For retries, late events, a Delete that is given up, and some comparisons of the list. */
  private static final long SETTLE_NANOS = 150_000_000_000L;

  /** Some more comparisons, in which nothing may change any more. */
  private static final long QUIET_NANOS = 75_000_000_000L;

  private static final int TASKS_AT_ONCE = 50_000;
  private static final long MILLI = 1_000_000;

  /**
   * What came of it.
   *
   * @param hash over all that happened
   * @param faults how many happened, by kind
   */
  record Outcome(
      @Nullable Violation violation,
      long hash,
      long happenings,
      long simulatedNanos,
      Map<String, Integer> faults,
      List<String> trace) {}

  private final Schedule schedule;
  private final Without without;
  private final World world;
  private DaemonLife daemon;
  private int lives;
  private long tasksUntilCrash = -1;
  private long downMillis;

  private Simulation(Schedule schedule, Without without, boolean keepingTrace) {
    this.schedule = schedule;
    this.without = without;
    this.world = new World(schedule, keepingTrace);
    this.daemon = new DaemonLife(world, lives++, without);
  }

  static Outcome run(Schedule schedule, Without without, boolean keepingTrace) {
    Simulation simulation = new Simulation(schedule, without, keepingTrace);
    try {
      simulation.run();
    } catch (RuntimeException e) {
      simulation.world.oracle.violated("thrown", e + " at " + e.getStackTrace()[0]);
    }
    World world = simulation.world;
    return new Outcome(
        world.oracle.violation(),
        world.trace.hash(),
        world.trace.count(),
        world.time.nowNanos(),
        world.faults.injected,
        world.trace.lines());
  }

  private void run() {
    for (Step step : schedule.steps()) {
      world.time.after(step.atNanos(), () -> perform(step));
    }
    runUntil(schedule.durationMillis() * MILLI);
    heal();
    runUntil(world.time.nowNanos() + SETTLE_NANOS);
    long revision = daemon.store.revision();
    runUntil(world.time.nowNanos() + QUIET_NANOS);
    if (daemon.store.revision() != revision) {
      world.oracle.violated("restless", "records change although nothing happens");
    }
    world.oracle.atTheEnd();
  }

  private void runUntil(long untilNanos) {
    do {
      runLoop();
    } while (world.oracle.violation() == null && world.time.step(untilNanos));
  }

  private void runLoop() {
    for (int tasks = 0; daemon.loop.runOne(); tasks++) {
      world.oracle.afterTask();
      if (tasks > TASKS_AT_ONCE) {
        world.oracle.violated("livelock", "the loop does not come to rest");
      }
      if (world.oracle.violation() != null) {
        return;
      }
      if (tasksUntilCrash >= 0 && tasksUntilCrash-- == 0) {
        crash();
        return;
      }
    }
    if (!daemon.dead()) {
      world.oracle.afterInstant();
    }
  }

  private void crash() {
    tasksUntilCrash = -1;
    if (daemon.dead()) {
      return;
    }
    world.trace.add("daemon", "is killed");
    daemon.kill();
    world.oracle.crashed(world.disk.saved);
    world.time.after(downMillis * MILLI, this::restart);
  }

  private void restart() {
    if (daemon.dead()) {
      world.trace.add("daemon", "starts");
      daemon = new DaemonLife(world, lives++, without);
    }
  }

  private void heal() {
    world.trace.add("world", "is healed");
    world.faults.clear();
    tasksUntilCrash = -1;
    world.latency = Latency.CALM;
    world.disk.stuckUntilNanos = 0;
    world.ledger.runs().forEach(run -> run.shim.hungUntilNanos = 0);
    world.containerd.start();
    restart();
  }

  private void perform(Step step) {
    world.trace.add("step", step);
    LedgerContainer container = world.node.current(step.slot());
    LedgerRun run = container == null ? null : container.last();
    switch (step.op()) {
      case CREATE_CONTAINER -> world.node.createContainer(schedule.slots().get(step.slot()));
      case STEP_CLOCK -> {
        world.faults.count("STEP_CLOCK");
        world.time.stepWall(Duration.ofMillis(step.arg()));
      }
      case CRASH -> {
        world.faults.count("CRASH");
        downMillis = step.arg();
        tasksUntilCrash = step.arg2();
        world.time.after(1000 * MILLI, this::crashIfDue);
      }
      case RESTART_CONTAINERD -> {
        world.faults.count("RESTART_CONTAINERD");
        world.containerd.restart(step.arg(), step.arg2() == 1);
      }
      case STICK_DISK -> {
        world.faults.count("STICK_DISK");
        world.disk.stuckUntilNanos = world.time.nowNanos() + step.arg() * MILLI;
      }
      case CUT_STREAM -> {
        world.faults.count("CUT_STREAM");
        world.events.cut(step.arg() == 1);
      }
      case SILENCE_STREAM -> {
        world.faults.count("SILENCE_STREAM");
        world.events.silence();
      }
      case DROP_EVENT, DUPLICATE_EVENT, DELAY_EVENT, DROP_PROBE, FAULT_CALL, LOSE_WAIT ->
          world.faults.arm(step);
      default -> {
        if (container != null) {
          perform(step, container, run);
        }
      }
    }
  }

  private void crashIfDue() {
    if (tasksUntilCrash >= 0) {
      crash();
    }
  }

  private void perform(Step step, LedgerContainer container, @Nullable LedgerRun run) {
    Node node = world.node;
    switch (step.op()) {
      case UPDATE_CONTAINER -> node.updateContainer(container);
      case DELETE_CONTAINER -> node.deleteContainer(container);
      case CREATE_TASK -> node.createTask(container, step.arg() == 1);
      case FAIL_START -> node.failStart(container);
      default -> {
        if (run != null) {
          perform(step, run);
        }
      }
    }
  }

  private void perform(Step step, LedgerRun run) {
    Node node = world.node;
    switch (step.op()) {
      case START -> node.start(run);
      case PAUSE -> node.pause(run, true);
      case RESUME -> node.pause(run, false);
      case OOM -> node.outOfMemory(run);
      case EXIT -> node.exit(run, (int) step.arg());
      case EXEC_EXIT -> node.execExit(run, (int) step.arg(), step.arg2() == 1);
      case DELETE_TASK -> node.deleteByOther(run);
      case KILL_SHIM -> {
        world.faults.count("KILL_SHIM");
        node.killShim(run, (int) step.arg(), (int) step.arg2());
      }
      case HANG_SHIM -> {
        world.faults.count("HANG_SHIM");
        node.hangShim(run, step.arg());
      }
      case BREAK_WAITS -> {
        world.faults.count("BREAK_WAITS");
        node.endWaits(run, false);
      }
      default -> throw new IllegalArgumentException("no step for a run: " + step);
    }
  }
}
