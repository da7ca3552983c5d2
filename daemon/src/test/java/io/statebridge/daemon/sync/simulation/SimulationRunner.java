package io.statebridge.daemon.sync.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.statebridge.daemon.sync.simulation.Simulation.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.slf4j.LoggerFactory;

/** Runs many schedules and says what came of them. */
public final class SimulationRunner {

  private static final int SHOWN_TRACE = Integer.getInteger("lines", 60);

  private static final List<String> NOISE =
      List.of(
          "answer  publishProbe",
          "answer  namespaces",
          "answer  listContainers",
          "answer  listTasks: []",
          "answer  version",
          "answer  criPluginLoaded fails");

  /** The seeds of one rule that was broken, and what came of the lowest. */
  record Found(TreeSet<Long> seeds, Violation violation) {
    Found and(Found other) {
      Found lower = seeds.first() < other.seeds.first() ? this : other;
      TreeSet<Long> all = new TreeSet<>(seeds);
      all.addAll(other.seeds);
      return new Found(all, lower.violation);
    }
  }

  /** What came of many schedules. */
  record Summary(
      long schedules, Duration simulated, Map<String, Long> faults, Map<String, Found> violations) {

    String text(Duration took) {
      return "%d schedules, %d simulated hours in %.1f s (%.0f schedules/s)%n  faults: %s%n  violations: %s"
          .formatted(
              schedules,
              simulated.toHours(),
              took.toMillis() / 1e3,
              schedules * 1e3 / Math.max(1, took.toMillis()),
              faults,
              violations.isEmpty()
                  ? "none"
                  : violations.entrySet().stream()
                      .map(
                          e ->
                              "%n    %-10s %5d times, first: %s%n      seeds %s"
                                  .formatted(
                                      e.getKey(),
                                      e.getValue().seeds().size(),
                                      e.getValue().violation(),
                                      e.getValue().seeds().stream().limit(20).toList()))
                      .collect(Collectors.joining()));
    }
  }

  private SimulationRunner() {}

  static Summary run(long first, long count, Without without) {
    AtomicLong nanos = new AtomicLong();
    Map<String, Long> faults = new TreeMap<>();
    Map<String, Found> violations = new TreeMap<>();
    LongStream.range(first, first + count)
        .parallel()
        .forEach(
            seed -> {
              Outcome outcome = Simulation.run(ScheduleGenerator.of(seed), without, false);
              nanos.addAndGet(outcome.simulatedNanos());
              synchronized (faults) {
                outcome.faults().forEach((kind, n) -> faults.merge(kind, (long) n, Long::sum));
                Violation violation = outcome.violation();
                if (violation != null) {
                  violations.merge(
                      violation.rule(),
                      new Found(new TreeSet<>(Set.of(seed)), violation),
                      Found::and);
                }
              }
            });
    return new Summary(count, Duration.ofNanos(nanos.get()), faults, violations);
  }

  /** A failure for people: the seed, the shortest schedule, what happened, how to run it again. */
  static String explain(long seed, Without without) {
    Schedule full = ScheduleGenerator.of(seed);
    Violation violation = Simulation.run(full, without, false).violation();
    if (violation == null) {
      return "seed " + seed + ": no violation";
    }
    Schedule small = Shrinker.shrink(full, without, violation);
    Outcome outcome = Simulation.run(small, without, true);
    List<String> told = outcome.trace().stream().filter(SimulationRunner::matters).toList();
    if (told.size() > 2 * SHOWN_TRACE) {
      List<String> ends = new ArrayList<>(told.subList(0, SHOWN_TRACE));
      ends.add("  ... " + (told.size() - 2 * SHOWN_TRACE) + " lines ...");
      ends.addAll(told.subList(told.size() - SHOWN_TRACE, told.size()));
      told = ends;
    }
    return "seed %d: %s%nShrunk to %d of %d steps: %s%n%s%nWhat happened:%n%s%nRun it again:%n  %s%n"
        .formatted(
            seed,
            violation,
            small.steps().size(),
            full.steps().size(),
            outcome.violation(),
            small.text(),
            String.join("\n", told),
            "mvn -q -pl daemon -am test -Dtest=SimulationTest -Dsimulation.seed=%d -Dsurefire.failIfNoSpecifiedTests=false"
                .formatted(seed));
  }

  /** Whether a line of a trace is worth reading: most are about nothing having changed. */
  private static boolean matters(String line) {
    return NOISE.stream().noneMatch(line::contains);
  }

  /** The daemon logs a lot about what is done to it. Returns what to set back. */
  static Level quiet() {
    Logger logger = (Logger) LoggerFactory.getLogger("io.statebridge.daemon.sync");
    Level before = logger.getLevel();
    logger.setLevel(Level.OFF);
    return before;
  }

  static void loud(Level before) {
    ((Logger) LoggerFactory.getLogger("io.statebridge.daemon.sync")).setLevel(before);
  }

  /** Arguments: the first seed and how many; or "explain" and a seed. */
  public static void main(String[] args) {
    quiet();
    if (args[0].equals("explain")) {
      System.out.println(explain(Long.parseLong(args[1]), Without.NOTHING));
      return;
    }
    if (args[0].equals("shrink")) {
      long found = 0;
      for (long seed = Long.parseLong(args[1]); found < Long.parseLong(args[3]); seed++) {
        Schedule full = ScheduleGenerator.of(seed);
        Violation violation = Simulation.run(full, Without.NOTHING, false).violation();
        if (violation != null && violation.rule().equals(args[2])) {
          found++;
          Schedule small = Shrinker.shrink(full, Without.NOTHING, violation);
          Outcome outcome = Simulation.run(small, Without.NOTHING, false);
          System.out.println("seed " + seed + ": " + outcome.violation() + "\n" + small.text());
        }
      }
      return;
    }
    long start = System.nanoTime();
    Summary summary = run(Long.parseLong(args[0]), Long.parseLong(args[1]), Without.NOTHING);
    System.out.println(summary.text(Duration.ofNanos(System.nanoTime() - start)));
  }
}
