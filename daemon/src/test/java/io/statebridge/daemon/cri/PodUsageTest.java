package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.api.TaskUsage.Pressure;
import io.statebridge.daemon.cri.UsageMeter.Figure;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PodUsageTest {
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
  private static final Pressure PRESSURE = new Pressure(null, null);

  /** Figures that differ from each other, and from those of another base. */
  private static Figure figure(long base, long limit, @Nullable Long rate) {
    return new Figure(
        new TaskUsage(
            AT.plusNanos(base),
            new Cpu(base + 1, PRESSURE),
            new Memory(base + 2, base + 3, base + 4, limit, base + 5, base + 6, PRESSURE),
            PRESSURE,
            base + 7),
        rate == null ? OptionalLong.empty() : OptionalLong.of(rate));
  }

  private static Figure sum(Figure sandbox, Figure... containers) {
    List<Figure> all = new ArrayList<>(List.of(containers));
    all.add(sandbox);
    long cpuNanos =
        all.stream()
            .map(figure -> figure.usage().cpu())
            .filter(Objects::nonNull)
            .mapToLong(Cpu::usedNanos)
            .sum();
    return PodUsage.sum(all, List.of(containers), cpuNanos);
  }

  private static Figure nothing() {
    return new Figure(new TaskUsage(AT, null, null, null, 0), OptionalLong.empty());
  }

  @Test
  void aPodUsesWhatItsContainersAndItsSandboxUse() {
    Figure sum = sum(figure(1000, 0, 50L), figure(30_000, 700, 5L), figure(200, 11, null));

    assertThat(sum)
        .isEqualTo(
            new Figure(
                new TaskUsage(
                    AT.plusNanos(30_000),
                    new Cpu(31_203, null),
                    new Memory(31_206, 31_209, 31_212, 711, 31_215, 31_218, null),
                    null,
                    30_214),
                OptionalLong.of(55)));
  }

  @Test
  void aPodOfWhichOneContainerHasNoLimitHasNone() {
    Figure sum = sum(figure(3, 0, null), figure(1, 700, null), figure(2, 0, null));

    assertThat(sum.usage().memory()).extracting(Memory::limitBytes).isEqualTo(0L);
  }

  @Test
  void aSandboxAloneIsAPodWithoutProcessesAndWithoutALimit() {
    TaskUsage sum = sum(figure(1000, 0, null)).usage();

    assertThat(sum.threads()).isZero();
    assertThat(sum.cpu()).isEqualTo(new Cpu(1001, null));
    assertThat(sum.memory()).extracting(Memory::limitBytes).isEqualTo(0L);
  }

  @Test
  void whatNobodyToldIsAbsent() {
    assertThat(sum(nothing(), nothing())).isEqualTo(nothing());
  }
}
