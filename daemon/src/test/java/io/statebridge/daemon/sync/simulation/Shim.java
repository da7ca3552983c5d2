package io.statebridge.daemon.sync.simulation;

import java.util.ArrayList;
import java.util.List;

/** The shim of a task, or of all tasks of a pod. */
final class Shim {
  final List<LedgerRun> runs = new ArrayList<>();
  boolean dead;
  long hungUntilNanos;

  /** Whether the directory in which its address is found is still there. */
  boolean reachable = true;

  boolean hangs(long nowNanos) {
    return !dead && nowNanos < hungUntilNanos;
  }
}
