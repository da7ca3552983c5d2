package io.statebridge.daemon.sync;

import io.statebridge.api.ExitSource;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What happened since the start, counted. Written by the loop, read by any thread. */
public final class Counters {
  public final LongAdder events = new LongAdder();
  public final LongAdder unrecognisedEvents = new LongAdder();
  public final LongAdder malformedEvents = new LongAdder();
  public final LongAdder oomEvents = new LongAdder();
  public final LongAdder execExits = new LongAdder();
  public final LongAdder droppedExits = new LongAdder();
  public final LongAdder confirmedExits = new LongAdder();
  public final LongAdder failedDeletes = new LongAdder();
  public final LongAdder reconciles = new LongAdder();
  public final LongAdder reconcileDifferences = new LongAdder();
  private final Map<ExitSource, LongAdder> recordedExits = new ConcurrentHashMap<>();

  void recorded(ExitSource source) {
    recordedExits.computeIfAbsent(source, s -> new LongAdder()).increment();
  }

  /** Recorded exits by who reported them first. */
  public Map<ExitSource, Long> recordedExits() {
    Map<ExitSource, Long> counts = new TreeMap<>();
    recordedExits.forEach((source, count) -> counts.put(source, count.sum()));
    return counts;
  }
}
