package io.statebridge.daemon.cri;

import static io.statebridge.daemon.cri.CriSamples.container;
import static io.statebridge.daemon.cri.CriSamples.exited;
import static io.statebridge.daemon.cri.CriSamples.foreign;
import static io.statebridge.daemon.cri.CriSamples.id;
import static io.statebridge.daemon.cri.CriSamples.running;
import static io.statebridge.daemon.cri.CriSamples.sandbox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.base.Ticker;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.ContainerStatsFilter;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import io.statebridge.proto.cri.v1.PodSandboxStatsFilter;
import io.statebridge.store.ContainerStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class CriStatsTest {
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05Z");
  private static final ContainerStatsFilter ALL = ContainerStatsFilter.getDefaultInstance();
  private static final PodSandboxStatsFilter ALL_PODS = PodSandboxStatsFilter.getDefaultInstance();

  private final ContainerStore store = new ContainerStore("e1", 1000);

  {
    store.complete();
  }

  private final FakeUsage runtime = new FakeUsage();
  private final CriStats stats =
      new CriStats(
          new CriRecords(store, Set.of("k8s.io"), ref -> Optional.empty()),
          runtime,
          Ticker.systemTicker());

  /** A pod with a container that runs and one that has ended. */
  private void createPod(String pod, String container, String ended) {
    store.create(running(sandbox(pod)));
    store.create(running(container(container, pod)));
    store.create(exited(container(ended, pod)));
  }

  private void uses(String id, long cpuNanos, Instant at) {
    runtime.tasks.put(
        id(id),
        CompletableFuture.completedFuture(
            new TaskUsage(at, new Cpu(cpuNanos, null), null, null, 3)));
  }

  private void uses(String id, long cpuNanos) {
    uses(id, cpuNanos, AT);
  }

  private void wrote(String id, long bytes) {
    runtime.layers.put(
        id(id), CompletableFuture.completedFuture(new LayerUsage(AT, "/layers", bytes, 1)));
  }

  private void fails(String id, Kind kind) {
    runtime.tasks.put(id(id), CompletableFuture.failedFuture(FakeUsage.failure(kind)));
  }

  private static List<String> ids(List<ContainerStats> all) {
    return all.stream().map(each -> each.getAttributes().getId()).sorted().toList();
  }

  private static List<String> podIds(List<PodSandboxStats> all) {
    return all.stream().map(each -> each.getAttributes().getId()).sorted().toList();
  }

  private static Status failureOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call).getStatus();
  }

  @Test
  void aContainerThatRunsIsMeasured() {
    createPod("pod1", "web", "job");
    uses("web", 7);
    wrote("web", 4096);

    ContainerStats web = stats.container("we");

    assertThat(web.getAttributes().getId()).isEqualTo("web");
    assertThat(web.getAttributes().getLabelsMap()).containsEntry("container", "web");
    assertThat(web.getCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(7);
    assertThat(web.getWritableLayer().getUsedBytes().getValue()).isEqualTo(4096);
    assertThat(runtime.tasksAsked).containsExactly(id("web"));
    assertThat(runtime.layersAsked).containsExactly(id("web"));
  }

  @Test
  void aContainerThatDoesNotRunIsNotEvenAskedAbout() {
    createPod("pod1", "web", "job");
    store.create(container("new", "pod1"));

    for (String id : List.of("job", "new")) {
      assertThat(failureOf(() -> stats.container(id)).getCode()).isEqualTo(Code.UNKNOWN);
      assertThat(failureOf(() -> stats.container(id)).getDescription()).contains("does not run");
    }
    assertThat(runtime.tasksAsked).isEmpty();
    assertThat(runtime.layersAsked).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"nobody, NOT_FOUND", "'', INVALID_ARGUMENT", "twin, NOT_FOUND"})
  void whoIsNotThereIsNotFound(String id, Code code) {
    store.create(running(foreign("twin1")));
    store.create(running(foreign("twin2")));

    assertThat(failureOf(() -> stats.container(id)).getCode()).isEqualTo(code);
    assertThat(failureOf(() -> stats.pod(id)).getCode()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "UNREACHABLE, UNAVAILABLE, UNAVAILABLE, containerd is away",
    "TRANSIENT, UNAVAILABLE, UNAVAILABLE, it is TRANSIENT",
    "PERMANENT, INTERNAL, INTERNAL, it is PERMANENT",
    "NOT_FOUND, UNKNOWN, UNAVAILABLE, it is NOT_FOUND"
  })
  void whatCannotBeMeasuredIsAFailure(Kind kind, Code code, Code ofPod, String words) {
    createPod("pod1", "web", "job");
    uses("pod1", 1);
    fails("web", kind);

    Status failure = failureOf(() -> stats.container("web"));
    assertThat(failure.getCode()).isEqualTo(code);
    assertThat(failure.getDescription()).contains(words);
    assertThat(failureOf(() -> stats.pod("pod1")).getCode()).isEqualTo(ofPod);
  }

  @Test
  void aListHasThoseThatDoNotRunToo() {
    createPod("pod1", "web", "job");
    uses("web", 7);
    wrote("web", 1);
    wrote("job", 2);

    List<ContainerStats> all = stats.containers(ALL);

    assertThat(ids(all)).containsExactly("job", "web");
    for (ContainerStats each : all) {
      assertThat(each.hasCpu()).isEqualTo(each.getAttributes().getId().equals("web"));
      assertThat(each.hasWritableLayer()).isTrue();
    }
    assertThat(runtime.tasksAsked).containsExactly(id("web"));
  }

  /** And the sum of a pod is told in full or not at all. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNREACHABLE")
  void oneThatCannotBeMeasuredTakesNothingFromTheOthers(Kind kind) {
    createPod("pod1", "web", "job");
    createPod("pod2", "db", "cron");
    uses("pod1", 1);
    uses("web", 2);
    uses("pod2", 3);
    fails("db", kind);

    List<ContainerStats> all = stats.containers(ALL);

    assertThat(ids(all)).containsExactly("cron", "db", "job", "web");
    assertThat(ids(all.stream().filter(ContainerStats::hasCpu).toList())).containsExactly("web");
    assertThat(podIds(stats.pods(ALL_PODS))).containsExactly("pod1");
  }

  @Test
  void aRuntimeThatIsAwayIsSaidToBeAway() {
    createPod("pod1", "web", "job");
    fails("web", Kind.UNREACHABLE);

    assertThat(failureOf(() -> stats.containers(ALL)).getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(failureOf(() -> stats.pods(ALL_PODS)).getCode()).isEqualTo(Code.UNAVAILABLE);
  }

  @Test
  void filtersSelect() {
    createPod("pod1", "web", "job");
    createPod("pod2", "db", "cron");
    ContainerStatsFilter.Builder filter = ContainerStatsFilter.newBuilder();

    assertThat(ids(stats.containers(filter.setId("w").build()))).containsExactly("web");
    assertThat(ids(stats.containers(filter.setId("nobody").build()))).isEmpty();
    filter.clearId().setPodSandboxId("pod2");
    assertThat(ids(stats.containers(filter.build()))).containsExactly("cron", "db");
    filter.putLabelSelector("container", "db");
    assertThat(ids(stats.containers(filter.build()))).containsExactly("db");
    filter.setPodSandboxId("pod");
    assertThat(ids(stats.containers(filter.build()))).isEmpty();
  }

  @Test
  void theCpuOfAPodNeverFallsWhenAContainerEnds() {
    store.create(running(sandbox("pod1")));
    store.create(running(container("web", "pod1")));
    store.create(running(container("job", "pod1")));
    uses("pod1", 10);
    uses("web", 20);
    uses("job", 400);
    long before = podCpu();

    store.update(id("job"), record -> exited(record));
    uses("web", 25);
    long after = podCpu();
    store.delete(id("job"));

    assertThat(before).isEqualTo(430);
    assertThat(after).isEqualTo(435);
    assertThat(podCpu()).isEqualTo(435);
  }

  private long podCpu() {
    return stats.pod("pod1").getLinux().getCpu().getUsageCoreNanoSeconds().getValue();
  }

  @Test
  void podFiltersSelectAmongThoseThatAreReady() {
    createPod("pod1", "web", "job");
    createPod("pod2", "db", "cron");
    store.create(exited(sandbox("pod3")));
    store.create(sandbox("pod4"));
    List.of("pod1", "web", "pod2", "db").forEach(id -> uses(id, 1));
    PodSandboxStatsFilter.Builder filter = PodSandboxStatsFilter.newBuilder();

    assertThat(podIds(stats.pods(ALL_PODS))).containsExactly("pod1", "pod2");
    assertThat(podIds(stats.pods(filter.setId("pod2").build()))).containsExactly("pod2");
    assertThat(podIds(stats.pods(filter.setId("pod3").build()))).isEmpty();
    filter.clearId().putLabelSelector("pod", "pod1");
    assertThat(podIds(stats.pods(filter.build()))).containsExactly("pod1");
    filter.putLabelSelector("pod", "none");
    assertThat(podIds(stats.pods(filter.build()))).isEmpty();
  }

  @Test
  void aPodIsTheSumOfWhatRunsInItAndListsTheOthersToo() {
    createPod("pod1", "web", "job");
    createPod("pod2", "db", "cron");
    uses("pod1", 100);
    uses("web", 20);
    wrote("job", 5);

    PodSandboxStats pod = stats.pod("pod1");

    assertThat(pod.getAttributes().getMetadata().getName()).isEqualTo("name-pod1");
    assertThat(pod.getLinux().getCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(120);
    assertThat(pod.getLinux().getProcess().getProcessCount().getValue()).isEqualTo(3);
    assertThat(pod.getLinux().hasNetwork()).isFalse();
    assertThat(ids(pod.getLinux().getContainersList())).containsExactly("job", "web");
    assertThat(runtime.tasksAsked).containsExactlyInAnyOrder(id("pod1"), id("web"));
    assertThat(runtime.layersAsked).containsExactlyInAnyOrder(id("job"), id("web"));
  }

  @Test
  void aPodThatIsNotReadyIsNotMeasured() {
    store.create(exited(sandbox("pod1")));

    Status failure = failureOf(() -> stats.pod("pod1"));

    assertThat(failure.getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(failure.getDescription()).isEqualTo("pod sandbox pod1 is not ready");
    assertThat(runtime.tasksAsked).isEmpty();
  }

  @Test
  void aForeignContainerIsThePodOfItsOwnAndCountsOnce() {
    store.create(running(foreign("alone")));
    uses("alone", 7);

    PodSandboxStats pod = stats.pod("alone");

    assertThat(stats.container("alone").getCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(7);
    assertThat(pod.getLinux().getCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(7);
    assertThat(pod.getLinux().getProcess().getProcessCount().getValue()).isEqualTo(3);
    assertThat(ids(pod.getLinux().getContainersList())).containsExactly("alone");
  }

  @Test
  void aRateNeedsTheRequestBeforeAndIsForgottenWithTheRun() {
    createPod("pod1", "web", "job");
    uses("web", 0);
    assertThat(stats.container("web").getCpu().hasUsageNanoCores()).isFalse();
    uses("web", 500_000_000, AT.plusSeconds(1));
    assertThat(stats.container("web").getCpu().getUsageNanoCores().getValue())
        .isEqualTo(500_000_000);

    store.update(id("web"), record -> exited(container("web", "pod1")));
    stats.containers(ALL);
    store.update(id("web"), record -> running(container("web", "pod1")));
    uses("web", 900_000_000, AT.plusSeconds(2));

    assertThat(stats.container("web").getCpu().hasUsageNanoCores()).isFalse();
  }

  @Test
  void soManyAreAskedAtATime() throws InterruptedException {
    List<ContainerId> all =
        IntStream.rangeClosed(0, UsageMeter.WINDOW).mapToObj(i -> id("c" + i)).toList();
    CompletableFuture<TaskUsage> slow = new CompletableFuture<>();
    for (ContainerId each : all) {
      store.create(running(foreign(each.id())));
      runtime.tasks.put(each, slow);
    }
    List<ContainerStats> told = new CopyOnWriteArrayList<>();
    Thread client = Thread.startVirtualThread(() -> told.addAll(stats.containers(ALL)));

    await().until(() -> client.getState() == Thread.State.WAITING);

    assertThat(runtime.tasksAsked).hasSize(UsageMeter.WINDOW);
    slow.complete(new TaskUsage(AT, new Cpu(1, null), null, null, 1));
    client.join();
    assertThat(told).hasSize(all.size()).allMatch(ContainerStats::hasCpu);
  }
}
