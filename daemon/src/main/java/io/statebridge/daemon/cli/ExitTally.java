package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which exits were played and which of them the daemon told, how soon and with which code. Each
 * container exits once. Thread-safe.
 */
final class ExitTally {

  private record Played(int code, Instant at, boolean unheard) {}

  /**
   * What it came to.
   *
   * @param unheard of those produced, the ones that nobody could hear of: containerd was down
   * @param recorded with the code that was played
   * @param wrong recorded with another code
   * @param visibleAfter from an exit to its first sight, sorted, of those that made an event
   */
  record Result(int produced, int unheard, int recorded, int wrong, List<Duration> visibleAfter) {

    int lost() {
      return produced - recorded - wrong;
    }

    /** The nearest rank, or zero when there is none. */
    Duration percentile(int percent) {
      if (visibleAfter.isEmpty()) {
        return Duration.ZERO;
      }
      int rank = Math.ceilDiv(visibleAfter.size() * percent, 100);
      return visibleAfter.get(Math.max(0, rank - 1));
    }
  }

  private final Map<String, Played> played = new HashMap<>();
  private final Map<String, Instant> seen = new HashMap<>();
  private final Map<String, Integer> recorded = new HashMap<>();
  private final Set<String> outstanding = new HashSet<>();

  synchronized void played(String id, int code, Instant at, boolean unheard) {
    played.put(id, new Played(code, at, unheard));
    if (!recorded.containsKey(id)) {
      outstanding.add(id);
    }
    notifyAll();
  }

  /** The daemon told this of a container; true when that is the first record of its end. */
  synchronized boolean told(Container container, Instant now) {
    String id = container.getId();
    if (container.hasPendingExit() || container.hasFinishedAt()) {
      seen.putIfAbsent(id, now);
    }
    if (!container.hasFinishedAt() || recorded.containsKey(id)) {
      return false;
    }
    recorded.put(id, container.getExitCode());
    outstanding.remove(id);
    notifyAll();
    return true;
  }

  /** Waits until all that was played is recorded, but not longer than until the deadline. */
  synchronized void awaitAll(Instant deadline) throws InterruptedException {
    for (Instant now = Instant.now();
        !outstanding.isEmpty() && now.isBefore(deadline);
        now = Instant.now()) {
      wait(Math.max(1, Duration.between(now, deadline).toMillis()));
    }
  }

  synchronized Result result() {
    int right = 0;
    int wrong = 0;
    int unheard = 0;
    List<Duration> visibleAfter = new ArrayList<>();
    for (Map.Entry<String, Played> entry : played.entrySet()) {
      Played exit = entry.getValue();
      Integer code = recorded.get(entry.getKey());
      Instant sight = seen.get(entry.getKey());
      if (code != null && code == exit.code()) {
        right++;
      } else if (code != null) {
        wrong++;
      }
      if (exit.unheard()) {
        unheard++;
      } else if (sight != null) {
        visibleAfter.add(Duration.between(exit.at(), sight));
      }
    }
    Collections.sort(visibleAfter);
    return new Result(played.size(), unheard, right, wrong, visibleAfter);
  }
}
