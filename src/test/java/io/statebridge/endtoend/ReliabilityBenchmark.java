package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What docs/reliability.md tells, measured on the containerd that is first in PATH. Run by
 * bin/bench; writes a table row for each run to target/bench.
 */
@Timeout(3600)
final class ReliabilityBenchmark {
  private static final int CONTAINERS = Integer.getInteger("bench.containers", 100);
  private static final int CRI_CONTAINERS = 10;
  private static final int STORM = 80;
  private static final int STORMS = Integer.getInteger("bench.storms", 5);
  private static final int RESTARTS = 10;
  private static final List<Integer> OUTAGES =
      Arrays.stream(System.getProperty("bench.outages", "5,20,60").split(",", -1))
          .map(Integer::valueOf)
          .toList();

  private final RealContainerd containerd = new RealContainerd(true);
  private final String bars = containerd.namespace("bars");
  private final StatebridgeProcess statebridge =
      new StatebridgeProcess(
              containerd.socket(), "--namespace", bars + ":always", "--namespace", "k8s.io:never")
          .asTheUnitRunsIt();

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  private static void tell(String file, String row) throws IOException {
    Path directory =
        Files.createDirectories(
            Path.of(System.getProperty("statebridge.home", "."), "target", "bench"));
    Files.writeString(
        directory.resolve(file + ".md"),
        row + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private List<ContainerId> run(String prefix, int count) {
    List<ContainerId> ids =
        IntStream.rangeClosed(1, count)
            .mapToObj(i -> new ContainerId(bars, prefix + "-" + i))
            .toList();
    ids.forEach(containerd.ctr()::runUntilTold);
    return ids;
  }

  private void awaitWaits(int count) {
    await("waits at shims")
        .atMost(Duration.ofSeconds(60))
        .until(() -> statebridge.status().getExitWatchesOrDefault("SHIM", 0) >= count);
  }

  private void tellAll(List<ContainerId> ids) {
    for (int i = 0; i < ids.size(); i++) {
      containerd.ctr().tell(ids.get(i), i + 1);
    }
  }

  private static long millis(Collection<Duration> all, int percent) {
    return micros(all, percent) / 1000;
  }

  private static long micros(Collection<Duration> all, int percent) {
    List<Duration> sorted = all.stream().sorted().toList();
    int rank = Math.ceilDiv(sorted.size() * percent, 100);
    return sorted.get(Math.max(0, rank - 1)).toNanos() / 1000;
  }

  @Test
  void outages() throws Exception {
    CriPods pods = containerd.pods();
    String version = containerd.client().version();
    for (int seconds : OUTAGES) {
      outage(pods, version, seconds, Duration.ofMillis(1000L * (seconds - 2) / CONTAINERS));
    }
    outage(pods, version, 6, Duration.ZERO);
  }

  /**
   * @param apart how long after one another the containers exit, from a second after the stop on
   */
  private void outage(CriPods pods, String version, int seconds, Duration apart) throws Exception {
    List<ContainerId> ids = run("out" + seconds, CONTAINERS);
    CriPods.Pod pod = pods.run("pod" + seconds);
    Map<ContainerId, String> cri = new LinkedHashMap<>();
    for (int i = 1; i <= CRI_CONTAINERS; i++) {
      String name = "cri" + seconds + "-" + i;
      cri.put(pods.runUntilTold(pod, name), name);
    }
    awaitWaits(CONTAINERS + CRI_CONTAINERS + 1);
    ExitSightings sightings = ExitSightings.of(statebridge);

    containerd.stop();
    Instant stopped = Instant.now();
    Thread.sleep(1000);
    int code = 0;
    for (String name : cri.values()) {
      pods.tell(name, ++code);
    }
    for (int i = 0; i < ids.size(); i++) {
      containerd.ctr().tell(ids.get(i), i + 1);
      Thread.sleep(apart);
    }
    Thread.sleep(Duration.between(Instant.now(), stopped.plusSeconds(seconds)));
    int during = trueCodes(sightings, ids) + trueCodes(sightings, List.copyOf(cri.keySet()));
    int byGet = trueCodesByGet(ids) + trueCodesByGet(List.copyOf(cri.keySet()));
    List<Duration> known =
        Stream.concat(ids.stream(), cri.keySet().stream())
            .flatMap(id -> sightings.first(id).stream())
            .map(ExitSightings.Sighting::after)
            .toList();
    containerd.start();
    Instant returned = Instant.now();
    await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(30))
        .until(() -> ids.stream().allMatch(id -> sightings.recorded(id).isPresent()));
    await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(30))
        .until(() -> ids.stream().allMatch(id -> containerd.client().task(id).isEmpty()));
    Instant gone = Instant.now();
    Duration recorded = Duration.between(returned, last(sightings, ids));
    int total = CONTAINERS + CRI_CONTAINERS;
    int pluginTrue = 0;
    int pluginUnknown = 0;
    code = 0;
    for (ContainerId id : cri.keySet()) {
      code++;
      ContainerStatus status =
          await()
              .ignoreExceptions()
              .atMost(Duration.ofSeconds(30))
              .until(() -> pods.status(id), s -> s.getState() == ContainerState.CONTAINER_EXITED);
      pluginTrue += status.getExitCode() == code ? 1 : 0;
      pluginUnknown += status.getReason().equals("Unknown") ? 1 : 0;
    }
    tell(
        "outages",
        "| %s | %d s, %s | %d of %d (get: %d) | %d / %d ms | %d of %d, %.1f s | %.1f s | %d of %d, %d Unknown |"
            .formatted(
                version,
                seconds,
                apart.isZero() ? "all at once" : "one each " + apart.toMillis() + " ms",
                during,
                total,
                byGet,
                millis(known, 50),
                millis(known, 99),
                trueRecords(sightings, ids),
                CONTAINERS,
                recorded.toMillis() / 1000.0,
                Duration.between(returned, gone).toMillis() / 1000.0,
                pluginTrue,
                CRI_CONTAINERS,
                pluginUnknown));
    pods.remove(pod);
    ids.forEach(containerd.client()::deleteContainer);
  }

  private static int trueCodes(ExitSightings sightings, List<ContainerId> ids) {
    return (int)
        IntStream.range(0, ids.size())
            .filter(i -> sightings.first(ids.get(i)).filter(s -> s.code() == i + 1).isPresent())
            .count();
  }

  private static int trueRecords(ExitSightings sightings, List<ContainerId> ids) {
    return (int)
        IntStream.range(0, ids.size())
            .filter(i -> sightings.recorded(ids.get(i)).orElseThrow().code() == i + 1)
            .count();
  }

  private int trueCodesByGet(List<ContainerId> ids) {
    Records records = new Records(statebridge);
    return (int)
        IntStream.range(0, ids.size())
            .filter(
                i ->
                    records
                        .find(ids.get(i))
                        .filter(
                            c ->
                                (c.hasPendingExit()
                                        ? c.getPendingExit().getExitCode()
                                        : c.getExitCode())
                                    == i + 1)
                        .isPresent())
            .count();
  }

  private static Instant last(ExitSightings sightings, List<ContainerId> ids) {
    return ids.stream()
        .map(id -> sightings.recorded(id).orElseThrow().seenAt())
        .max(Instant::compareTo)
        .orElseThrow();
  }

  @Test
  void storms() throws Exception {
    for (int number = 1; number <= STORMS; number++) {
      List<ContainerId> ids = run("storm" + number, STORM);
      storm("ours", number, ids);
      ids.forEach(containerd.client()::deleteContainer);
    }
    CriPods pods = containerd.pods();
    for (int number = 1; number <= STORMS; number++) {
      List<CriPods.Pod> all = new ArrayList<>();
      List<ContainerId> ids = new ArrayList<>();
      for (int i = 0; i < STORM; i++) {
        if (i % CRI_CONTAINERS == 0) {
          all.add(pods.run("storm" + number + "-" + i));
        }
        ids.add(pods.runUntilTold(all.getLast(), "storm" + number + "-" + i));
      }
      storm("the CRI plugin's", number, ids);
      all.forEach(pods::remove);
    }
  }

  /** All are killed at once, past containerd. */
  private void storm(String whose, int number, List<ContainerId> ids) throws IOException {
    Records records = new Records(statebridge);
    List<ProcessHandle> processes =
        ids.stream()
            .map(id -> records.await(id, c -> c.getPid() != 0))
            .map(container -> ProcessHandle.of(container.getPid()).orElseThrow())
            .toList();
    awaitWaits(STORM);
    ExitSightings sightings = ExitSightings.of(statebridge);
    try (ContainerdEvents events = ContainerdEvents.of(containerd.socket())) {
      hurry();
      Instant begin = Instant.now();
      processes.forEach(ProcessHandle::destroyForcibly);
      await()
          .pollInterval(Duration.ofMillis(20))
          .atMost(Duration.ofSeconds(60))
          .until(() -> ids.stream().allMatch(id -> sightings.recorded(id).isPresent()));
      Map<ExitSource, Long> first = new TreeMap<>();
      List<Duration> ours = new ArrayList<>();
      List<Duration> stream = new ArrayList<>();
      Instant lastExit = begin;
      for (ContainerId id : ids) {
        ExitSightings.Sighting sighting = sightings.first(id).orElseThrow();
        assertThat(sighting.code()).isEqualTo(137);
        first.merge(sighting.source(), 1L, Long::sum);
        ours.add(sighting.after());
        stream.add(Duration.between(sighting.exitedAt(), events.awaitExitOf(id)));
        lastExit = later(lastExit, sighting.exitedAt());
      }
      tell(
          "storms",
          "| %s | %s %d | %d ms | %d / %d ms | %d / %d ms | %.2f | %s |"
              .formatted(
                  containerd.client().version(),
                  whose,
                  number,
                  Duration.between(begin, lastExit).toMillis(),
                  millis(ours, 50),
                  millis(ours, 100),
                  millis(stream, 50),
                  millis(stream, 100),
                  (double) micros(ours, 100) / micros(stream, 100),
                  first.toString().replace("EXIT_SOURCE_", "").replaceAll("[{}]", "")));
    }
  }

  /**
   * Gives both clients, threads of this process, the daemon's priority: what is measured is when an
   * exit was told, and not how long a client then waited for a processor.
   */
  private static void hurry() throws IOException {
    List<String> renice = new ArrayList<>(List.of("renice", "-n", Checkout.unitNice(), "-p"));
    try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
      threads.forEach(thread -> renice.add(thread.getFileName().toString()));
    }
    // It complains of threads that have ended meanwhile.
    Program.run(new ProcessBuilder(renice));
  }

  private static Instant later(Instant one, Instant other) {
    return other.isAfter(one) ? other : one;
  }

  @Test
  void memoryOfShims() throws Exception {
    List<ContainerId> ids = run("stays", CONTAINERS);
    awaitWaits(CONTAINERS);
    long before = Leftovers.memoryOfShims(containerd.socket());
    for (int i = 0; i < RESTARTS; i++) {
      statebridge.crash();
      statebridge.start();
      statebridge.awaitInSync();
      awaitWaits(CONTAINERS);
    }
    long after = Leftovers.memoryOfShims(containerd.socket());
    tell(
        "memory",
        "| %s | %d | %d | %d KiB | %d KiB | %+.1f %% |"
            .formatted(
                containerd.client().version(),
                CONTAINERS,
                RESTARTS,
                before,
                after,
                100.0 * (after - before) / before));
    tellAll(ids);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> Leftovers.shims(containerd.socket()).isEmpty());
  }

  @Test
  void stuckDeletes() throws Exception {
    try (Scratch scratch = Scratch.create();
        SimulatedContainerd simulated =
            SimulatedContainerd.start(scratch.resolve("containerd.sock"));
        StatebridgeProcess following =
            new StatebridgeProcess(simulated.socket(), "--namespace", "bars:always")) {
      following.start();
      following.awaitInSync();
      exits(simulated, following, "warm-up");
      List<Duration> without = exits(simulated, following, "without");
      for (int i = 0; i < STORM; i++) {
        simulated.faults().failFor("Tasks/Delete", "bars", "stuck-" + i, Status.UNKNOWN);
        simulated.run("bars", "stuck-" + i);
        simulated.exit("bars", "stuck-" + i, 1);
      }
      await().until(() -> following.status().getPendingExits() == STORM);
      List<Duration> with = exits(simulated, following, "with");
      assertThat(following.status().getPendingExits()).isEqualTo(STORM);
      tell(
          "stuck-deletes",
          "| %d | %d us | %d us | %d us | %d us |"
              .formatted(
                  STORM,
                  micros(without, 50),
                  micros(without, 99),
                  micros(with, 50),
                  micros(with, 99)));
    }
  }

  private static List<Duration> exits(
      SimulatedContainerd simulated, StatebridgeProcess following, String prefix)
      throws InterruptedException {
    ExitSightings sightings = ExitSightings.of(following);
    List<ContainerId> ids =
        IntStream.range(0, 1000).mapToObj(i -> new ContainerId("bars", prefix + i)).toList();
    for (ContainerId id : ids) {
      simulated.run("bars", id.id());
      simulated.exit("bars", id.id(), 3);
      Thread.sleep(4);
    }
    await().until(() -> ids.stream().allMatch(id -> sightings.recorded(id).isPresent()));
    return ids.stream()
        .flatMap(id -> sightings.first(id).stream())
        .map(ExitSightings.Sighting::after)
        .toList();
  }
}
