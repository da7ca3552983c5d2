package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All containers that ever were. */
final class Ledger {
  private final Map<ContainerId, List<LedgerContainer>> byId = new TreeMap<>();

  void add(LedgerContainer container) {
    byId.computeIfAbsent(container.id, id -> new ArrayList<>()).add(container);
  }

  Set<ContainerId> ids() {
    return byId.keySet();
  }

  List<LedgerContainer> of(ContainerId id) {
    return byId.getOrDefault(id, List.of());
  }

  /** The latest of an id. */
  @Nullable LedgerContainer last(ContainerId id) {
    List<LedgerContainer> all = of(id);
    return all.isEmpty() ? null : all.getLast();
  }

  /** What containerd has under an id now. */
  @Nullable LedgerContainer existing(ContainerId id) {
    LedgerContainer last = last(id);
    return last != null && last.exists ? last : null;
  }

  /** The task under an id, whether containerd still has the container or not. */
  @Nullable LedgerRun task(ContainerId id) {
    List<LedgerContainer> all = of(id);
    for (int i = all.size() - 1; i >= 0; i--) {
      LedgerRun run = all.get(i).last();
      if (run != null) {
        return run.listed ? run : null;
      }
    }
    return null;
  }

  Stream<LedgerContainer> containers() {
    return byId.values().stream().flatMap(List::stream);
  }

  List<LedgerRun> runs() {
    return containers().flatMap(container -> container.runs.stream()).toList();
  }

  int countRuns(ContainerId id) {
    return of(id).stream().mapToInt(c -> c.runs.size()).sum();
  }

  @Nullable LedgerContainer created(ContainerId id, @Nullable Instant createdAt) {
    return of(id).stream().filter(c -> c.createdAt.equals(createdAt)).findFirst().orElse(null);
  }

  /** The run that ended so; no two ends have the same time. */
  @Nullable LedgerRun ended(ContainerId id, Exit exit) {
    return of(id).stream()
        .flatMap(c -> c.runs.stream())
        .filter(run -> run.endedAs(exit))
        .findFirst()
        .orElse(null);
  }

  /** The latest run of an id that had the pid. */
  @Nullable LedgerRun withPid(ContainerId id, long pid) {
    return of(id).stream()
        .flatMap(c -> c.runs.stream())
        .filter(run -> run.pid == pid && pid != 0)
        .reduce((first, second) -> second)
        .orElse(null);
  }
}
