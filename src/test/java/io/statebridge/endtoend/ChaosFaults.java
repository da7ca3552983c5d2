package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import io.statebridge.endtoend.ChaosPlan.Fault;
import io.statebridge.endtoend.ChaosSpans.Span;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Does faults, heals each, and notes them in the ledger. One target's are for one thread. */
record ChaosFaults(
    ChaosNode node,
    StatebridgeProcess statebridge,
    TinyDisk disk,
    ChaosLedger ledger,
    Map<ContainerId, ChaosContainer> containers) {

  private static final int STOP_SECONDS = 10;

  /** All that is planned for one target; how often each was done. */
  Map<ChaosFault, Integer> all(List<Fault> planned, Instant begin)
      throws InterruptedException, IOException {
    Map<ChaosFault, Integer> done = new EnumMap<>(ChaosFault.class);
    for (Fault fault : planned) {
      Thread.sleep(Duration.between(Instant.now(), begin.plusMillis(fault.atMillis())));
      if (inject(fault)) {
        done.merge(fault.kind(), 1, Integer::sum);
      }
    }
    return done;
  }

  /** Whether there was anything to do it to. */
  private boolean inject(Fault fault) throws InterruptedException, IOException {
    switch (fault.kind()) {
      case DAEMON_KILL, DAEMON_RESTART, DAEMON_STOP -> daemon(fault);
      case CONTAINERD_KILL, CONTAINERD_RESTART, CONTAINERD_VERSION -> containerd(fault);
      case CONTAINERD_STOP -> {
        ledger.containerdAway.begin(Instant.now());
        node.freeze();
        try {
          Thread.sleep(fault.forMillis());
        } finally {
          node.thaw();
        }
        ledger.containerdAway.end(Instant.now());
      }
      case SHIM_KILL, SHIM_STOP -> {
        return shim(fault);
      }
      case DISK_FULL -> {
        // It ends when the daemon says that all is on the disk.
        ledger.diskFull.begin(Instant.now());
        disk.fill();
        Thread.sleep(fault.forMillis());
        disk.empty();
      }
    }
    return true;
  }

  private void daemon(Fault fault) throws InterruptedException {
    boolean stops = fault.kind() == ChaosFault.DAEMON_STOP;
    ChaosSpans away = stops ? ledger.daemonStopped : ledger.daemonAway;
    away.begin(Instant.now());
    if (stops) {
      statebridge.freeze();
    } else if (fault.kind() == ChaosFault.DAEMON_RESTART) {
      statebridge.terminate(STOP_SECONDS);
    } else {
      statebridge.crash();
    }
    Thread.sleep(fault.forMillis());
    if (stops) {
      statebridge.thaw();
    } else {
      statebridge.start();
    }
    away.end(Instant.now());
  }

  private void containerd(Fault fault) throws InterruptedException {
    ledger.containerdAway.begin(Instant.now());
    node.stop(fault.kind() != ChaosFault.CONTAINERD_KILL);
    Thread.sleep(fault.forMillis());
    Instant begin = Instant.now();
    boolean drops = node.startAgain(fault.kind() == ChaosFault.CONTAINERD_VERSION);
    Span start = new Span(begin, Instant.now());
    ledger.starts.add(start);
    if (drops) {
      ledger.drops.add(start);
    }
    ledger.containerdAway.end(Instant.now());
  }

  private boolean shim(Fault fault) throws InterruptedException {
    List<ChaosContainer> live =
        containers.values().stream()
            .filter(container -> container.started != null && container.shimKilled == null)
            .sorted(Comparator.comparing(container -> container.id))
            .toList();
    if (live.isEmpty()) {
      return false;
    }
    ChaosContainer container = live.get(fault.pick() % live.size());
    if (fault.kind() == ChaosFault.SHIM_KILL) {
      node.killShim(container);
      return container.shimKilled != null;
    }
    container.shimStopped.begin(Instant.now());
    boolean done = node.freezeShim(container);
    if (done) {
      try {
        Thread.sleep(fault.forMillis());
      } finally {
        node.thawShim(container);
      }
    }
    container.shimStopped.end(Instant.now());
    return done;
  }
}
