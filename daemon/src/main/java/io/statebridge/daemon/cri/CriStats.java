package io.statebridge.daemon.cri;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;

import com.google.common.base.Ticker;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.daemon.cri.PodCpuTotals.MemberRun;
import io.statebridge.daemon.cri.UsageMeter.Figure;
import io.statebridge.daemon.cri.UsageMeter.Figures;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.ContainerStatsFilter;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import io.statebridge.proto.cri.v1.PodSandboxStatsFilter;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The stats of containers and pods. They are found in the store, and those that run are measured by
 * the runtime at each request, never in between. Blocks. Thread-safe.
 */
final class CriStats {

  private final CriRecords records;
  private final UsageMeter meter;
  private final PodCpuTotals cpuTotals = new PodCpuTotals();

  CriStats(CriRecords records, ContainerUsage runtime, Ticker ticker) {
    this.records = records;
    this.meter = new UsageMeter(runtime, ticker);
  }

  /**
   * @throws StatusRuntimeException NOT_FOUND for an unknown one, UNKNOWN for one that does not run,
   *     as containerd's plugin answers, UNAVAILABLE when it cannot be measured now
   */
  ContainerStats container(String id) {
    CriView view = records.container(id);
    if (!runs(view)) {
      throw Status.UNKNOWN
          .withDescription("container " + view.id() + " does not run: there is nothing to measure")
          .asRuntimeException();
    }
    Figures figures = measure(List.of(view), List.of(view));
    throwFailure(figures, List.of(view), Status.UNKNOWN);
    return stats(view, figures);
  }

  /** Those that do not run, too, with what they have written and nothing else. */
  List<ContainerStats> containers(ContainerStatsFilter filter) {
    List<CriView> selected =
        records.containers(filter.getId(), filter.getPodSandboxId(), filter.getLabelSelectorMap());
    Figures figures = measure(selected, selected);
    return selected.stream().map(view -> stats(view, figures)).toList();
  }

  /**
   * @throws StatusRuntimeException NOT_FOUND for an unknown one, UNAVAILABLE for one that is not
   *     ready, as containerd's plugin answers from 1.7 on, or that cannot be measured now
   */
  PodSandboxStats pod(String id) {
    CriView sandbox = records.sandbox(id);
    if (!runs(sandbox)) {
      throw Status.UNAVAILABLE
          .withDescription("pod sandbox " + sandbox.id() + " is not ready")
          .asRuntimeException();
    }
    List<Pod> pods = pods(Stream.of(sandbox));
    Figures figures = measure(pods);
    pods.forEach(pod -> throwFailure(figures, pod.members(), Status.UNAVAILABLE));
    return stats(pods.getFirst(), figures);
  }

  /** Of those that are ready. One that cannot be measured now is left out. */
  List<PodSandboxStats> pods(PodSandboxStatsFilter filter) {
    List<Pod> pods = pods(records.sandboxes(filter.getId(), filter.getLabelSelectorMap()).stream());
    Figures figures = measure(pods);
    return pods.stream()
        .filter(pod -> failure(figures, pod.members()).isEmpty())
        .map(pod -> stats(pod, figures))
        .toList();
  }

  /** A sandbox that runs, and the containers in it. */
  private record Pod(CriView sandbox, List<CriView> containers) {

    /** One that no CRI plugin made is its own only container. */
    List<CriView> members() {
      return sandbox.isContainer()
          ? containers
          : Stream.concat(Stream.of(sandbox), containers.stream()).toList();
    }
  }

  private List<Pod> pods(Stream<CriView> sandboxes) {
    Map<String, List<CriView>> containers =
        records.containers().stream().collect(groupingBy(CriView::sandboxId));
    return sandboxes
        .filter(CriStats::runs)
        .map(
            sandbox ->
                new Pod(
                    sandbox,
                    sandbox.isContainer()
                        ? List.of(sandbox)
                        : containers.getOrDefault(sandbox.id(), List.of())))
        .toList();
  }

  private Figures measure(List<Pod> pods) {
    return measure(
        pods.stream().flatMap(pod -> pod.members().stream()).toList(),
        pods.stream().flatMap(pod -> pod.containers().stream()).toList());
  }

  /** Those of the first that run, and what the second have written. */
  private Figures measure(Collection<CriView> tasks, Collection<CriView> written) {
    Set<ContainerId> running =
        ids(
            Stream.concat(records.containers().stream(), records.sandboxes().stream())
                .filter(CriStats::runs));
    meter.retain(running);
    cpuTotals.retain(running);
    return meter.measure(ids(tasks.stream().filter(CriStats::runs)), ids(written.stream()));
  }

  private static Set<ContainerId> ids(Stream<CriView> views) {
    return views.map(view -> view.record().id()).collect(toSet());
  }

  private static boolean runs(CriView view) {
    return view.containerState() == ContainerState.CONTAINER_RUNNING;
  }

  private static ContainerStats stats(CriView view, Figures figures) {
    ContainerId id = view.record().id();
    return StatsMessages.container(
        view.container(), figures.tasks().get(id), figures.layers().get(id));
  }

  /** Of a pod of which every member that runs was measured. */
  private PodSandboxStats stats(Pod pod, Figures figures) {
    return StatsMessages.pod(
        pod.sandbox().sandbox(),
        PodUsage.sum(
            measured(pod.members(), figures),
            measured(pod.containers(), figures),
            cpuTotals.usedNanos(pod.sandbox().record().id(), cpu(pod.members(), figures))),
        pod.containers().stream().map(view -> stats(view, figures)).toList());
  }

  private static Map<MemberRun, Long> cpu(List<CriView> members, Figures figures) {
    Map<MemberRun, Long> used = new HashMap<>();
    for (CriView member : members) {
      ContainerId id = member.record().id();
      Figure figure = figures.tasks().get(id);
      Cpu cpu = figure == null ? null : figure.usage().cpu();
      if (cpu != null) {
        used.put(new MemberRun(id, member.record().pid()), cpu.usedNanos());
      }
    }
    return used;
  }

  private static List<Figure> measured(List<CriView> views, Figures figures) {
    return views.stream()
        .map(view -> figures.tasks().get(view.record().id()))
        .filter(Objects::nonNull)
        .toList();
  }

  private static Optional<RuntimeFailure> failure(Figures figures, List<CriView> views) {
    return views.stream()
        .map(view -> figures.failed().get(view.record().id()))
        .filter(Objects::nonNull)
        .findFirst();
  }

  /**
   * @param nothingTold when the runtime had nothing to tell: it has just ended, or its shim hangs
   */
  private static void throwFailure(Figures figures, List<CriView> views, Status nothingTold) {
    failure(figures, views)
        .ifPresent(
            failure -> {
              Status status =
                  switch (failure.kind()) {
                    case NOT_FOUND -> nothingTold;
                    case UNREACHABLE, TRANSIENT -> Status.UNAVAILABLE;
                    case PERMANENT -> Status.INTERNAL;
                  };
              throw status.withDescription(failure.getMessage()).asRuntimeException();
            });
  }
}
