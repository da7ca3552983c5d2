package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import io.statebridge.daemon.cri.PodCpuTotals.MemberRun;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PodCpuTotalsTest {
  private static final ContainerId POD = new ContainerId("k8s.io", "pod");
  private static final ContainerId WEB = new ContainerId("k8s.io", "web");

  private final PodCpuTotals totals = new PodCpuTotals();

  private long used(String id, long pid, long nanos) {
    return totals.usedNanos(POD, Map.of(new MemberRun(new ContainerId("k8s.io", id), pid), nanos));
  }

  @Test
  void anotherRunOfAnIdIsAddedAndALateFigureOfTheSameRunIsNot() {
    assertThat(used("web", 1, 100)).isEqualTo(100);
    assertThat(used("web", 1, 90)).isEqualTo(100);
    assertThat(used("web", 2, 5)).isEqualTo(105);
    assertThat(used("web", 2, 7)).isEqualTo(107);
  }

  @Test
  void runsBeyondTheLimitStayInTheSum() {
    long expected = 0;
    for (int i = 1; i <= 3 * PodCpuTotals.MAX_RUNS; i++) {
      expected += i;
      assertThat(used("job" + i, i, i)).isEqualTo(expected);
    }
  }

  @Test
  void aPodThatDoesNotRunIsForgotten() {
    used("web", 1, 100);

    totals.retain(Set.of(POD));
    assertThat(totals.usedNanos(POD, Map.of())).isEqualTo(100);
    totals.retain(Set.of(WEB));
    assertThat(totals.usedNanos(POD, Map.of())).isZero();
  }
}
