package io.statebridge.daemon.sync.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The simulation notices when a safeguard is missing: some schedule that is passed with all of them
 * fails without it. Or else either the safeguard or the simulation is good for nothing.
 */
class SafeguardsTest {

  private static final int SCHEDULES = 3000;

  private static Level before = Level.INFO;

  @BeforeAll
  static void quiet() {
    before = SimulationRunner.quiet();
    System.out.println("safeguard taken away    schedules until noticed, and what was violated");
  }

  @AfterAll
  static void loud() {
    SimulationRunner.loud(before);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
  void itsAbsenceIsNoticed(Without without) {
    Violation noticed = null;
    int schedules = 0;
    while (noticed == null && schedules < SCHEDULES) {
      schedules++;
      // Each second one in virtual machines, where the kernel's word on a process does not help.
      long seed = schedules % 2 == 0 ? -schedules / 2 : schedules / 2 + 1;
      Schedule schedule = ScheduleGenerator.of(seed);
      noticed = Simulation.run(schedule, without, false).violation();
      if (noticed != null && Simulation.run(schedule, Without.NOTHING, false).violation() != null) {
        noticed = null;
      }
    }

    System.out.println(
        "%-22s  %5d  %s".formatted(without.name().toLowerCase(Locale.ROOT), schedules, noticed));
    assertThat(noticed).isNotNull();
  }
}
