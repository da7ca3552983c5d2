package io.statebridge.daemon.sync.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes a schedule that fails shorter: whatever can be left out so that the same rule is broken in
 * the same way is.
 */
final class Shrinker {

  private final Without without;
  private final Violation violation;

  private Shrinker(Without without, Violation violation) {
    this.without = without;
    this.violation = violation;
  }

  static Schedule shrink(Schedule failing, Without without, Violation violation) {
    return new Shrinker(without, violation).shrink(failing);
  }

  private Schedule shrink(Schedule failing) {
    Schedule smallest = failing;
    for (boolean shorter = true; shorter; ) {
      int before = smallest.steps().size();
      smallest = withoutSteps(smallest);
      shorter = smallest.steps().size() < before;
    }
    smallest = tried(smallest, smallest.withLatency(Latency.CALM));
    smallest = tried(smallest, smallest.withWaits(false, false));
    smallest = tried(smallest, smallest.withWaits(smallest.shimWaits(), false));
    smallest = tried(smallest, smallest.withWaits(false, smallest.runtimeWaits()));
    return withoutSteps(smallest);
  }

  private Schedule tried(Schedule now, Schedule simpler) {
    return fails(simpler) ? simpler : now;
  }

  /** Halves, quarters and so on, down to single steps. */
  private Schedule withoutSteps(Schedule schedule) {
    Schedule smallest = schedule;
    for (int chunk = Math.max(1, smallest.steps().size() / 2); chunk > 0; chunk /= 2) {
      for (int from = 0; from < smallest.steps().size(); ) {
        List<Step> fewer = new ArrayList<>(smallest.steps());
        fewer.subList(from, Math.min(from + chunk, fewer.size())).clear();
        Schedule candidate = smallest.with(fewer);
        if (fails(candidate)) {
          smallest = candidate;
        } else {
          from += chunk;
        }
      }
    }
    return smallest;
  }

  private boolean fails(Schedule candidate) {
    Violation found = Simulation.run(candidate, without, false).violation();
    return found != null && found.isLike(violation);
  }
}
