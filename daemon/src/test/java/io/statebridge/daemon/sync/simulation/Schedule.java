package io.statebridge.daemon.sync.simulation;

import java.util.List;

/**
 * All that one run depends on.
 *
 * @param keepsStopped whether containerd is a 1.6, which lists tasks that ended while it was away
 * @param criLoaded whether its CRI plugin is there at first
 * @param shimWaits whether shims can be waited at
 * @param runtimeWaits whether Waits through containerd are made
 * @param kernelKnows whether the kernel knows the processes; those of a virtual machine it does not
 * @param durationMillis after which everything is healed
 */
record Schedule(
    long seed,
    boolean keepsStopped,
    boolean criLoaded,
    boolean shimWaits,
    boolean runtimeWaits,
    boolean kernelKnows,
    Latency latency,
    long durationMillis,
    List<Slot> slots,
    List<Step> steps) {

  Schedule {
    slots = List.copyOf(slots);
    steps = List.copyOf(steps);
  }

  Schedule with(List<Step> newSteps) {
    return new Schedule(
        seed,
        keepsStopped,
        criLoaded,
        shimWaits,
        runtimeWaits,
        kernelKnows,
        latency,
        durationMillis,
        slots,
        newSteps);
  }

  Schedule withLatency(Latency newLatency) {
    return new Schedule(
        seed,
        keepsStopped,
        criLoaded,
        shimWaits,
        runtimeWaits,
        kernelKnows,
        newLatency,
        durationMillis,
        slots,
        steps);
  }

  Schedule withWaits(boolean atShims, boolean throughRuntime) {
    return new Schedule(
        seed,
        keepsStopped,
        criLoaded,
        atShims,
        throughRuntime,
        kernelKnows,
        latency,
        durationMillis,
        slots,
        steps);
  }

  Schedule inVirtualMachines(long newSeed) {
    return new Schedule(
        newSeed,
        keepsStopped,
        criLoaded,
        shimWaits,
        runtimeWaits,
        false,
        latency,
        durationMillis,
        slots,
        steps);
  }

  /** For people. */
  String text() {
    StringBuilder text =
        new StringBuilder(
            "containerd %s, CRI plugin %s, waits at shims: %s, through containerd: %s, kernel knows: %s, latency %s%n"
                .formatted(
                    keepsStopped ? "1.6" : "1.7+",
                    criLoaded ? "loaded" : "not loaded",
                    shimWaits,
                    runtimeWaits,
                    kernelKnows,
                    latency));
    for (Slot slot : slots) {
      text.append("  #%d %s/%s".formatted(slot.number(), slot.namespace(), slot.name()));
      text.append(slot.pod() < 0 ? "" : slot.isSandbox() ? " (sandbox)" : " in pod #" + slot.pod());
      text.append('\n');
    }
    steps.forEach(step -> text.append(step).append('\n'));
    return text.toString();
  }
}
