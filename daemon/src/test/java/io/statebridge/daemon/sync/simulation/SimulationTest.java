package io.statebridge.daemon.sync.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.statebridge.daemon.sync.simulation.Simulation.Outcome;
import io.statebridge.daemon.sync.simulation.SimulationRunner.Found;
import io.statebridge.daemon.sync.simulation.SimulationRunner.Summary;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The records are right after any schedule. {@code -Dsimulation.seed=N} runs one and tells what
 * happens in it; {@code -Dsimulation.first=N} and {@code -Dsimulation.schedules=N} run others.
 */
class SimulationTest {

  private static final long SCHEDULES = 4000;

  private static Level before = Level.INFO;

  @BeforeAll
  static void quiet() {
    before = SimulationRunner.quiet();
  }

  @AfterAll
  static void loud() {
    SimulationRunner.loud(before);
  }

  @Test
  @DisabledIfSystemProperty(named = "simulation.seed", matches = ".+")
  void anyScheduleLeavesTheRecordsRight() {
    long first = Long.getLong("simulation.first", 1);
    long schedules = Long.getLong("simulation.schedules", SCHEDULES);
    long start = System.nanoTime();

    Summary summary = SimulationRunner.run(first, schedules, Without.NOTHING);

    System.out.println(summary.text(Duration.ofNanos(System.nanoTime() - start)));
    for (Found found : summary.violations().values()) {
      System.out.println(SimulationRunner.explain(found.seed(), Without.NOTHING));
    }
    assertThat(summary.violations()).isEmpty();
  }

  @Test
  @EnabledIfSystemProperty(named = "simulation.seed", matches = ".+")
  void oneScheduleAgain() {
    long seed = Long.getLong("simulation.seed", 0);

    System.out.println(SimulationRunner.explain(seed, Without.NOTHING));

    assertThat(Simulation.run(ScheduleGenerator.of(seed), Without.NOTHING, false).violation())
        .isNull();
  }

  @Test
  void theSameSeedIsTheSameRun() {
    for (long seed = 1; seed <= 50; seed++) {
      Outcome first = Simulation.run(ScheduleGenerator.of(seed), Without.NOTHING, true);
      Outcome second = Simulation.run(ScheduleGenerator.of(seed), Without.NOTHING, true);

      assertThat(second).isEqualTo(first);
    }
  }
}
