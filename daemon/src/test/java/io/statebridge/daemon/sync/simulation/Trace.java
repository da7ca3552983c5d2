package io.statebridge.daemon.sync.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What happened in one run: a hash over all of it, and the last lines for people. */
final class Trace {

  private static final int KEPT = 50_000;

  private final SimulatedTime time;
  private final boolean keeping;
  private final Deque<String> lines = new ArrayDeque<>();
  private long hash = 17;
  private long count;

  /**
   * @param keeping whether lines are kept
   */
  Trace(SimulatedTime time, boolean keeping) {
    this.time = time;
    this.keeping = keeping;
  }

  void add(String who, @Nullable Object... what) {
    count++;
    hash = hash * 31 + time.nowNanos();
    hash = hash * 31 + who.hashCode();
    if (!keeping) {
      return;
    }
    String text = Arrays.stream(what).map(String::valueOf).collect(Collectors.joining());
    String line = "%s  %-7s %s".formatted(shown(time.nowNanos()), who, text);
    hash = hash * 31 + line.hashCode();
    lines.addLast(line);
    if (lines.size() > KEPT) {
      lines.removeFirst();
    }
  }

  static String shown(long nanos) {
    Duration d = Duration.ofNanos(nanos);
    return "%4d.%06ds".formatted(d.toSeconds(), d.toNanosPart() / 1000);
  }

  long hash() {
    return hash;
  }

  long count() {
    return count;
  }

  List<String> lines() {
    return List.copyOf(lines);
  }
}
