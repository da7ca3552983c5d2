package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What each pod has used of the processors, with what its containers had used that have ended: a
 * counter that fell would be a restart to whoever computes rates of it. Of a container that ended
 * it is what was measured last, for nothing is measured between requests. Thread-safe.
 */
final class PodCpuTotals {

  /** Runs that are kept apart in a pod; of more than that the oldest are kept as a sum. */
  static final int MAX_RUNS = 256;

  /** One run of a container of the pod; another one of the same id begins at 0. */
  record MemberRun(ContainerId id, long pid) {}

  private static final class Total {
    private final LinkedHashMap<MemberRun, Long> runs = new LinkedHashMap<>(16, 0.75f, true);
    private long sumOfOlderNanos;

    long add(Map<MemberRun, Long> measured) {
      // Another request may have been answered with a later figure meanwhile.
      measured.forEach((run, nanos) -> runs.merge(run, nanos, Math::max));
      Iterator<Long> oldestFirst = runs.values().iterator();
      for (int over = runs.size() - Math.max(MAX_RUNS, measured.size()); over > 0; over--) {
        sumOfOlderNanos += oldestFirst.next();
        oldestFirst.remove();
      }
      return sumOfOlderNanos + runs.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private final Map<ContainerId, Total> pods = new ConcurrentHashMap<>();

  /**
   * The pod's total.
   *
   * @param measured what each of its containers that runs has used
   */
  long usedNanos(ContainerId pod, Map<MemberRun, Long> measured) {
    Total total = pods.computeIfAbsent(pod, key -> new Total());
    synchronized (total) {
      return total.add(measured);
    }
  }

  /** Forgets all other pods. */
  void retain(Set<ContainerId> running) {
    pods.keySet().retainAll(running);
  }
}
