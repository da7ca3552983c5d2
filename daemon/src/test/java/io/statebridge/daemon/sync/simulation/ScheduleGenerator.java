package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerRuntime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A schedule from a seed. Each container lives a plausible life; which kinds of faults come besides
 * is drawn for each schedule, so that some have many of one kind and none of another.
 */
final class ScheduleGenerator {

  private static final List<String> CALLS =
      List.of(
          "getTask",
          "getTask",
          "getTask",
          "getContainer",
          "listTasks",
          "listContainers",
          "deleteTask",
          "deleteTask",
          "pastRun",
          "namespaces",
          "version",
          "criPluginLoaded",
          "publishProbe",
          "SHIM wait",
          "WAIT wait");

  /** The next task of a container is never there sooner. */
  private static final double NEXT_TASK_MILLIS = 12;

  private final SplittableRandom random;
  private final List<Slot> slots = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private final double end;
  private final long seed;

  private ScheduleGenerator(long seed) {
    this.seed = seed;
    random = new SplittableRandom(seed);
    end = chance(0.04) ? 3_600_000 : Math.exp(between(Math.log(5_000), Math.log(400_000)));
  }

  /**
   * @param seed below zero: the same as above, in virtual machines
   */
  static Schedule of(long seed) {
    return seed < 0
        ? new ScheduleGenerator(-seed).schedule().inVirtualMachines(seed)
        : new ScheduleGenerator(seed).schedule();
  }

  private Schedule schedule() {
    boolean calm = chance(0.1);
    Latency latency = calm ? Latency.CALM : oneOf(List.of(Latency.values()));
    int containers = 1 + random.nextInt(4);
    while (slots.size() < containers) {
      addSlots();
    }
    slots.forEach(this::live);
    boolean criComes = !calm && chance(0.08) && criComesWhileExitPends();
    if (!calm) {
      faults();
    }
    steps.removeIf(step -> step.at() >= end);
    steps.sort(Comparator.comparingDouble(Step::at));
    return new Schedule(
        seed,
        chance(0.4),
        chance(0.6) && !criComes,
        chance(0.6),
        chance(0.6),
        true,
        latency,
        (long) end,
        slots,
        steps);
  }

  private void addSlots() {
    int number = slots.size();
    double draw = random.nextDouble();
    if (draw < 0.5) {
      slots.add(new Slot(number, Slot.DELETING, "web" + number, -1));
    } else if (draw < 0.75) {
      slots.add(new Slot(number, Slot.OBSERVED, "box" + number, -1));
    } else if (draw < 0.85) {
      slots.add(new Slot(number, ContainerRuntime.CRI_NAMESPACE, "single" + number, -1));
    } else {
      slots.add(new Slot(number, ContainerRuntime.CRI_NAMESPACE, "pod" + number, number));
      int members = 1 + random.nextInt(2);
      for (int i = 1; i <= members; i++) {
        slots.add(
            new Slot(number + i, ContainerRuntime.CRI_NAMESPACE, "in" + (number + i), number));
      }
    }
  }

  /** What its clients do with one container after the other. */
  private void live(Slot slot) {
    double at = between(0, Math.min(end / 2, 10_000));
    boolean hasty = chance(0.25);
    int lives = 1 + random.nextInt(slot.isSandbox() ? 2 : 4);
    for (int life = 0; life < lives && at < end && steps.size() < 150; life++) {
      steps.add(Step.of(at, Op.CREATE_CONTAINER, slot.number()));
      int runs = slot.isCri() ? 1 : 1 + random.nextInt(3);
      for (int run = 0; run < runs && at < end; run++) {
        double pause = run == 0 ? gap(hasty) : Math.max(NEXT_TASK_MILLIS, gap(hasty));
        at = run(slot, at + pause, hasty, slot.isSandbox());
      }
      if (chance(0.7)) {
        at += gap(hasty);
        steps.add(Step.of(at, Op.DELETE_CONTAINER, slot.number()));
        at += gap(hasty);
      } else {
        break;
      }
    }
  }

  private double run(Slot slot, double from, boolean hasty, boolean longer) {
    double at = from;
    if (slot.isCri() && !slot.isSandbox() && chance(0.08)) {
      steps.add(Step.of(at, Op.FAIL_START, slot.number()));
      return at;
    }
    steps.add(Step.of(at, Op.CREATE_TASK, slot.number(), chance(0.15) ? 1 : 0, 0));
    at += gap(hasty);
    if (chance(0.08)) {
      steps.add(Step.of(at, chance(0.6) ? Op.EXIT : Op.DELETE_TASK, slot.number()));
      return afterEnd(slot, at, hasty);
    }
    steps.add(Step.of(at, Op.START, slot.number()));
    at += longer ? between(0, end) : gap(hasty);
    while (!hasty && chance(0.35)) {
      at = meanwhile(slot, at);
    }
    if (chance(0.1)) {
      // It is still running when everything is healed.
      return end;
    }
    if (!slot.isCri() && chance(0.06)) {
      steps.add(Step.of(at, Op.DELETE_CONTAINER, slot.number()));
      at += gap(hasty);
    }
    boolean oom = chance(0.1);
    if (oom && chance(0.7)) {
      steps.add(Step.of(at, Op.OOM, slot.number()));
    }
    steps.add(Step.of(at, Op.EXIT, slot.number(), code(), 0));
    if (oom && chance(0.5)) {
      steps.add(Step.of(at + between(0, 50), Op.OOM, slot.number()));
    }
    return afterEnd(slot, at, hasty);
  }

  private double afterEnd(Slot slot, double ended, boolean hasty) {
    double at = ended + gap(hasty);
    double otherDeletes = slot.namespace().equals(Slot.DELETING) ? 0.35 : slot.isCri() ? 0.1 : 0.9;
    if (chance(otherDeletes)) {
      steps.add(Step.of(at, Op.DELETE_TASK, slot.number()));
      at += gap(hasty);
    }
    return at;
  }

  private double meanwhile(Slot slot, double at) {
    switch (random.nextInt(4)) {
      case 0 -> {
        steps.add(Step.of(at, Op.PAUSE, slot.number()));
        if (chance(0.7)) {
          steps.add(Step.of(at + gap(false), Op.RESUME, slot.number()));
        }
      }
      case 1 -> steps.add(Step.of(at, Op.UPDATE_CONTAINER, slot.number()));
      default -> steps.add(Step.of(at, Op.EXEC_EXIT, slot.number(), code(), random.nextInt(2)));
    }
    return at + gap(false);
  }

  private void faults() {
    if (chance(0.35)) {
      several(3, () -> Step.of(when(), Op.STEP_CLOCK, -1, clockStep(), 0));
    }
    if (chance(0.35)) {
      several(3, () -> Step.of(when(), Op.CRASH, -1, (long) gap(false), random.nextInt(12)));
    }
    if (chance(0.4)) {
      several(
          3,
          () ->
              Step.of(
                  when(),
                  Op.RESTART_CONTAINERD,
                  -1,
                  (long) between(200, 60_000),
                  chance(0.25) ? 1 : 0));
    }
    if (chance(0.3)) {
      several(4, () -> Step.of(when(), Op.STICK_DISK, -1, (long) between(100, 8_000), 0));
    }
    if (chance(0.3)) {
      several(3, () -> Step.of(when(), Op.CUT_STREAM, -1, random.nextInt(2), 0));
    }
    if (chance(0.15)) {
      several(2, () -> Step.of(when(), Op.SILENCE_STREAM, -1));
    }
    if (chance(0.5)) {
      several(8, this::eventFault);
    }
    if (chance(0.5)) {
      several(12, this::callFault);
    }
    if (chance(0.25)) {
      several(
          2,
          () -> Step.of(when(), Op.KILL_SHIM, slot(), chance(0.5) ? 137 : 255, random.nextInt(3)));
    }
    if (chance(0.25)) {
      several(2, () -> Step.of(when(), Op.HANG_SHIM, slot(), (long) between(500, 60_000), 0));
    }
    if (chance(0.25)) {
      several(3, () -> Step.of(when(), chance(0.5) ? Op.LOSE_WAIT : Op.BREAK_WAITS, slot()));
    }
  }

  /**
   * The CRI plugin is enabled while we try in vain to delete one of its tasks: the exit was ours to
   * finish when it was seen, and is not any more.
   */
  private boolean criComesWhileExitPends() {
    List<Step> exits =
        steps.stream()
            .filter(step -> step.op() == Op.EXIT && slots.get(step.slot()).isCri())
            .toList();
    if (exits.isEmpty()) {
      return false;
    }
    Step exit = oneOf(exits);
    steps.add(
        Step.fault(
            Math.max(0, exit.at() - 1), "deleteTask", CallFault.TRANSIENT, exit.slot(), 0, 6));
    double restart = exit.at() + between(100, 1500);
    steps.add(Step.of(restart, Op.RESTART_CONTAINERD, -1, (long) between(200, 3000), 1));
    return true;
  }

  private Step eventFault() {
    return switch (random.nextInt(5)) {
      case 0, 1 -> Step.of(when(), Op.DROP_EVENT, slot());
      case 2 -> Step.of(when(), Op.DUPLICATE_EVENT, slot(), (long) gap(false), 0);
      case 3 -> Step.of(when(), Op.DELAY_EVENT, slot(), (long) gap(false), 0);
      default -> Step.of(when(), Op.DROP_PROBE, -1);
    };
  }

  private Step callFault() {
    String call = oneOf(CALLS);
    CallFault fault = oneOf(List.of(CallFault.values()));
    if (chance(0.3)) {
      fault = CallFault.STALE;
    }
    return Step.fault(
        when(),
        call,
        fault,
        chance(0.7) ? slot() : -1,
        (long) between(5, 9_000),
        1 + random.nextInt(4));
  }

  private void several(int most, java.util.function.Supplier<Step> one) {
    int count = 1 + random.nextInt(most);
    for (int i = 0; i < count; i++) {
      steps.add(one.get());
    }
  }

  /** Mostly close to something else that happens. */
  private double when() {
    if (steps.isEmpty() || chance(0.3)) {
      return between(0, end);
    }
    double at = steps.get(random.nextInt(steps.size())).at() + gap(true) * (chance(0.5) ? 1 : -1);
    return Math.max(0, at);
  }

  private <T> T oneOf(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private int slot() {
    return random.nextInt(slots.size());
  }

  private long clockStep() {
    double millis = Math.exp(between(Math.log(200), Math.log(4 * 3_600_000)));
    return (long) (chance(0.5) ? millis : -millis);
  }

  private int code() {
    return switch (random.nextInt(6)) {
      case 0, 1 -> 0;
      case 2 -> 137;
      case 3 -> 255;
      default -> 1 + random.nextInt(60);
    };
  }

  private double gap(boolean hasty) {
    double draw = random.nextDouble();
    if (hasty) {
      return draw < 0.7 ? between(0, 3) : between(0, 60);
    }
    return draw < 0.3
        ? between(0, 5)
        : draw < 0.65
            ? between(5, 500)
            : draw < 0.9 ? between(500, 10_000) : between(10_000, 60_000);
  }

  private double between(double from, double to) {
    return from + (to - from) * random.nextDouble();
  }

  private boolean chance(double probability) {
    return random.nextDouble() < probability;
  }
}
