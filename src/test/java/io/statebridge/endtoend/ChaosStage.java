package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.endtoend.ChaosFault.Target;
import io.statebridge.endtoend.ChaosLedger.Judgement;
import io.statebridge.endtoend.ChaosLedger.Verdict;
import io.statebridge.endtoend.ChaosWatch.Broken;
import io.statebridge.proto.v1.CheckpointStatus;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** A containerd, the daemon beside it, its watchers, and the rounds that they go through. */
final class ChaosStage implements AutoCloseable {

  /** A Delete that failed, or a disk, is tried again for as long. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** What is not known after so long will not be known later. */
  private static final Duration UNKNOWN_AFTER = Duration.ofSeconds(4);

  private static final int DISK_KIBIBYTES = 3072;

  private final ChaosNode node;
  private final StatebridgeProcess statebridge;
  private final TinyDisk disk;
  private final ChaosLedger ledger;
  private final ChaosHistory history = new ChaosHistory();
  private final List<ChaosWatch> watches = new ArrayList<>();
  private final Map<ContainerId, ChaosContainer> containers = new ConcurrentHashMap<>();
  private final ChaosFaults faults;
  private int overtakenBefore;

  ChaosStage(ChaosNode node, boolean real) {
    this.node = node;
    ledger = new ChaosLedger(real);
    statebridge =
        StatebridgeProcess.configured(
                node.socket(),
                // So small that a watcher is overtaken now and then.
                "change_log_size = 256",
                "[namespaces]",
                "\"%s\" = \"always\"".formatted(node.namespace(true)),
                "\"%s\" = \"never\"".formatted(node.namespace(false)))
            // It is started all the time.
            .withJavaOptions(System.getProperty("chaos.daemon", "-XX:TieredStopAtLevel=1"));
    disk = TinyDisk.mount(statebridge.stateDirectory(), DISK_KIBIBYTES);
    faults = new ChaosFaults(node, statebridge, disk, ledger, containers);
    statebridge.start();
    statebridge.awaitInSync();
    Duration always = Duration.ofHours(1);
    watch("steady", "", always, Duration.ofMillis(20));
    watch("restless", "", Duration.ofMillis(600), Duration.ofMillis(20));
    watch("absent", "", Duration.ofSeconds(2), Duration.ofSeconds(1));
    watch("filtered", node.namespace(true), always, Duration.ofMillis(20));
  }

  private void watch(String name, String namespace, Duration stream, Duration pause) {
    Function<ContainerId, Optional<ChaosContainer>> find =
        id -> Optional.ofNullable(containers.get(id));
    watches.add(
        new ChaosWatch(name, namespace, stream, pause, statebridge.connect(), history, find));
  }

  /** Does all that is planned, heals all, and holds the daemon against the ledger. */
  ChaosTally.Round round(int number, ChaosPlan plan) throws InterruptedException {
    Map<ChaosFault, Integer> done = new EnumMap<>(ChaosFault.class);
    Instant begin = Instant.now();
    List<Future<Map<ChaosFault, Integer>>> tracks = new ArrayList<>();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<ChaosContainer> stayed = stayed();
      tracks.add(threads.submit(() -> end(stayed, begin)));
      tracks.add(threads.submit(() -> start(number, plan, begin)));
      for (Target target : Target.values()) {
        tracks.add(threads.submit(() -> faults.all(plan.faultsOf(target), begin)));
      }
    }
    for (Future<Map<ChaosFault, Integer>> track : tracks) {
      try {
        track.get().forEach((kind, count) -> done.merge(kind, count, Integer::sum));
      } catch (ExecutionException e) {
        throw new IllegalStateException("a fault could not be done or healed", e.getCause());
      }
    }
    List<Broken> broken = new ArrayList<>();
    List<Judgement> judgements = settle(broken);
    checkDisk(broken);
    checkWatches(broken);
    Optional<Judgement> slowest =
        judgements.stream()
            .filter(judgement -> judgement.verdict() == Verdict.TRUE)
            .max(Comparator.comparing(judgement -> ledger.timeToKnow(judgement.container())));
    int overtaken = watches.stream().mapToInt(ChaosWatch::overtaken).sum();
    ChaosTally.Round round =
        new ChaosTally.Round(
            node.version(),
            judgements,
            broken,
            slowest
                .map(judgement -> ledger.timeToKnow(judgement.container()))
                .orElse(Duration.ZERO),
            slowest.map(Judgement::toString).orElse(""),
            done,
            overtaken - overtakenBefore);
    overtakenBefore = overtaken;
    history.clear();
    for (Judgement judgement : judgements) {
      if (judgement.verdict() != Verdict.LIVES) {
        node.remove(judgement.container());
        containers.remove(judgement.container().id);
      }
    }
    return round;
  }

  private List<ChaosContainer> stayed() {
    return containers.values().stream()
        .filter(container -> container.plan.stays() && container.started != null)
        .filter(container -> !container.told)
        .sorted(Comparator.comparingInt(container -> container.plan.lifeMillis()))
        .toList();
  }

  private Map<ChaosFault, Integer> end(List<ChaosContainer> stayed, Instant begin)
      throws InterruptedException {
    for (ChaosContainer container : stayed) {
      sleepUntil(begin.plusMillis(container.plan.lifeMillis()));
      container.told = true;
      node.end(container);
    }
    return Map.of();
  }

  private static void sleepUntil(Instant at) throws InterruptedException {
    Thread.sleep(Duration.between(Instant.now(), at));
  }

  private Map<ChaosFault, Integer> start(int round, ChaosPlan plan, Instant begin)
      throws InterruptedException {
    int number = 0;
    for (ChaosPlan.Start start : plan.starts()) {
      String name = "r" + round + "-" + ++number;
      ChaosContainer container =
          new ChaosContainer(new ContainerId(node.namespace(start.deletes()), name), start);
      containers.put(container.id, container);
      sleepUntil(begin.plusMillis(start.atMillis()));
      node.start(container);
    }
    return Map.of();
  }

  /** Waits until nothing is to come any more, and says what is known of each container. */
  private List<Judgement> settle(List<Broken> broken) throws InterruptedException {
    Instant healed = Instant.now();
    while (true) {
      containers.values().forEach(node::observe);
      ListContainersResponse list =
          statebridge.client().listContainers(ListContainersRequest.getDefaultInstance());
      GetBridgeStatusResponse status = statebridge.status();
      Map<ContainerId, Container> records = byId(list);
      List<Judgement> judgements =
          containers.values().stream()
              .map(container -> ledger.judge(container, records.get(container.id)))
              .toList();
      Duration waited = Duration.between(healed, Instant.now());
      boolean quiet =
          status.getSync().getInSync()
              && status.getQueuesActive() == 0
              && status.getPendingExits() == 0
              && judgements.stream().noneMatch(judgement -> isDue(judgement, healed));
      boolean settled =
          judgements.stream()
              .allMatch(
                  judgement ->
                      !judgement.isBad()
                          && (!judgement.mayStillBeKnown() || waited.compareTo(UNKNOWN_AFTER) > 0));
      if ((quiet && settled) || waited.compareTo(PATIENCE) > 0) {
        if (!quiet) {
          broken.add(new Broken(ChaosWatch.Kind.WRONG, "never at rest: " + status));
        }
        for (ContainerId id : records.keySet()) {
          if (!containers.containsKey(id)) {
            broken.add(new Broken(ChaosWatch.Kind.WRONG, "removed a round ago: " + id));
          }
        }
        return judgements;
      }
      Thread.sleep(20);
    }
  }

  private static Map<ContainerId, Container> byId(ListContainersResponse list) {
    return list.getContainersList().stream()
        .collect(
            Collectors.toMap(
                record -> new ContainerId(record.getNamespace(), record.getId()),
                Function.identity(),
                (one, _) -> one,
                TreeMap::new));
  }

  /** Whether a container is to end, or has ended, in this round and its end is not noted yet. */
  private static boolean isDue(Judgement judgement, Instant healed) {
    ChaosContainer container = judgement.container();
    @Nullable Instant started = container.started;
    if (judgement.verdict() != Verdict.LIVES || started == null) {
      return false;
    }
    return container.plan.stays()
        ? container.told
        : started.plusMillis(container.plan.lifeMillis()).isBefore(healed);
  }

  private void checkDisk(List<Broken> broken) {
    try {
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                GetBridgeStatusResponse status = statebridge.status();
                CheckpointStatus checkpoint = status.getCheckpoint();
                return checkpoint.getState() == CheckpointStatus.State.DURABLE
                    && checkpoint.getDurableRevision() == status.getRevision();
              });
    } catch (ConditionTimeoutException e) {
      broken.add(
          new Broken(
              ChaosWatch.Kind.WRONG, "not on disk: " + statebridge.status().getCheckpoint()));
    }
    ledger.diskFull.end(Instant.now());
  }

  private void checkWatches(List<Broken> broken) {
    for (ChaosWatch watch : watches) {
      try {
        await().atMost(PATIENCE).until(() -> isUpToDate(watch));
      } catch (ConditionTimeoutException e) {
        broken.add(new Broken(ChaosWatch.Kind.GAP, watch + " does not come to what is listed"));
      }
      broken.addAll(watch.takeBroken());
    }
  }

  private boolean isUpToDate(ChaosWatch watch) {
    try {
      ListContainersResponse list =
          statebridge.client().listContainers(ListContainersRequest.getDefaultInstance());
      Map<ContainerId, Container> records = byId(list);
      records.keySet().removeIf(id -> !watch.watches(id));
      return watch.shows(list.getEpoch(), list.getRevision(), records);
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    // Whoever interrupts a round wants all to be ended, which takes waiting for.
    Thread.interrupted();
    try (node;
        statebridge;
        disk) {
      watches.forEach(ChaosWatch::close);
      statebridge.crash();
    }
  }
}
