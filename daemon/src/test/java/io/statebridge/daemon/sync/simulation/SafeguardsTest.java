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

  /** The kernel's word on a process covers most of what this one protects from. */
  private static final int SCHEDULES_FOR_CONFIRM_BY_GET = 12_000;

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
    int most = without == Without.CONFIRM_BY_GET ? SCHEDULES_FOR_CONFIRM_BY_GET : SCHEDULES;
    while (noticed == null && schedules < most) {
      schedules++;
      Schedule schedule = ScheduleGenerator.of(schedules);
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
