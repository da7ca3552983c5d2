package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What sick watchers cost the others: from each exit to each of 98 watchers, without and with one
 * that does not read and one whose process is stopped, on the simulated containerd. Run by
 * bin/bench; writes a table row for each pair of runs to target/bench.
 */
@Timeout(3600)
final class WatchersBenchmark {
  private static final String NS = "bars";
  private static final int HEALTHY = 98;
  private static final int RUNS = Integer.getInteger("bench.runs", 3);

  /** Six changes each. */
  private static final int CONTAINERS = Integer.getInteger("bench.exits", 1700);

  private static final Duration APART =
      Duration.ofMillis(Integer.getInteger("bench.apart.millis", 10));

  @Test
  void sickWatchers() throws Exception {
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd containerd =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess statebridge =
            new StatebridgeProcess(containerd.socket(), "--namespace", NS + ":always")) {
      statebridge.start();
      statebridge.awaitInSync();
      live(containerd, statebridge, "warm-up", false, scratch);
      for (int run = 0; run < RUNS; run++) {
        List<Duration> without = live(containerd, statebridge, "a" + run, false, scratch);
        long memory = residentKib(statebridge);
        List<Duration> with = live(containerd, statebridge, "b" + run, true, scratch);
        tell(
            "| %d | %d us | %d us | %d us | %d us | %+.0f %% | %d MiB | %d MiB |"
                .formatted(
                    HEALTHY,
                    micros(without, 50),
                    micros(without, 99),
                    micros(with, 50),
                    micros(with, 99),
                    100.0 * (micros(with, 99) - micros(without, 99)) / micros(without, 99),
                    memory >> 10,
                    residentKib(statebridge) >> 10));
      }
    }
  }

  /** How long after it happened each watcher saw each exit. */
  private static List<Duration> live(
      SimulatedContainerd containerd,
      StatebridgeProcess statebridge,
      String prefix,
      boolean sick,
      Scratch scratch)
      throws InterruptedException {
    try (WatcherFleet fleet = new WatcherFleet(statebridge.socket())) {
      List<WatcherFleet.Watcher> healthy = fleet.healthy(HEALTHY);
      if (sick) {
        fleet.stalled();
        try (WatchProcess stopped =
            WatchProcess.start(statebridge.cli(), scratch.resolve(prefix))) {
          stopped.await("SYNCED", line -> line.get("type").asText().equals("SYNCED"));
          Signals.freeze(stopped.process().toHandle());
          change(containerd, prefix, healthy);
        }
      } else {
        change(containerd, prefix, healthy);
      }
      assertThat(healthy).allSatisfy(each -> assertThat(each.faults()).isEmpty());
      List<Duration> all = new ArrayList<>();
      healthy.forEach(each -> all.addAll(each.exits()));
      return all;
    }
  }

  private static void change(
      SimulatedContainerd containerd, String prefix, List<WatcherFleet.Watcher> healthy)
      throws InterruptedException {
    await().until(() -> healthy.stream().allMatch(each -> each.revision() >= 0));
    for (int i = 0; i < CONTAINERS; i++) {
      containerd.run(NS, prefix + i);
      containerd.exit(NS, prefix + i, 3);
      Thread.sleep(APART);
    }
    await()
        .atMost(Duration.ofMinutes(5))
        .until(() -> healthy.stream().allMatch(each -> each.exits().size() == CONTAINERS));
    for (int i = 0; i < CONTAINERS; i++) {
      containerd.deleteContainer(NS, prefix + i);
    }
  }

  private static long residentKib(StatebridgeProcess statebridge) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + statebridge.handle().pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static long micros(List<Duration> all, int percent) {
    List<Duration> sorted = all.stream().sorted().toList();
    return sorted.get(Math.ceilDiv(sorted.size() * percent, 100) - 1).toNanos() / 1000;
  }

  private static void tell(String row) throws IOException {
    Path directory =
        Files.createDirectories(
            Path.of(System.getProperty("statebridge.home", "."), "target", "bench"));
    Files.writeString(
        directory.resolve("watchers.md"),
        row + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
