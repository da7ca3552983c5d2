package io.statebridge.daemon.cri;

import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.daemon.cri.UsageMeter.Figure;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a pod uses: the sum of what its containers use that run, and of the processors also what
 * ended ones had used. containerd's CRI plugin reads the pod's own cgroup from the file system. A
 * pressure cannot be summed and is absent.
 */
final class PodUsage {

  private PodUsage() {}

  /**
   * @param all of the pod, one at least
   * @param containers those of them that are not the sandbox, which is not counted among the pod's
   *     processes, and for which no limit is ever set
   * @param cpuNanos of the pod, with what ended containers used
   */
  static Figure sum(List<Figure> all, List<Figure> containers, long cpuNanos) {
    TaskUsage usage =
        new TaskUsage(
            all.stream().map(figure -> figure.usage().at()).max(Instant::compareTo).orElseThrow(),
            cpu(all, cpuNanos),
            memory(all, containers),
            null,
            containers.stream().mapToLong(figure -> figure.usage().threads()).sum());
    return new Figure(usage, nanoCores(all));
  }

  private static @Nullable Cpu cpu(List<Figure> figures, long usedNanos) {
    boolean told = figures.stream().anyMatch(figure -> figure.usage().cpu() != null);
    return told ? new Cpu(usedNanos, null) : null;
  }

  /** Of those whose rate is known. */
  private static OptionalLong nanoCores(List<Figure> figures) {
    return figures.stream()
        .map(Figure::nanoCores)
        .flatMapToLong(OptionalLong::stream)
        .reduce(Long::sum);
  }

  private static @Nullable Memory memory(List<Figure> figures, List<Figure> containers) {
    List<Memory> told = memories(figures);
    return told.isEmpty()
        ? null
        : new Memory(
            sum(told, Memory::usedBytes),
            sum(told, Memory::workingSetBytes),
            sum(told, Memory::rssBytes),
            limit(memories(containers)),
            sum(told, Memory::pageFaults),
            sum(told, Memory::majorPageFaults),
            null);
  }

  private static List<Memory> memories(List<Figure> figures) {
    return figures.stream()
        .map(figure -> figure.usage().memory())
        .filter(Objects::nonNull)
        .toList();
  }

  /** As a kubelet limits a pod: only if each of its containers has a limit. */
  private static long limit(List<Memory> containers) {
    boolean each = containers.stream().allMatch(memory -> memory.limitBytes() != 0);
    return each ? sum(containers, Memory::limitBytes) : 0;
  }

  private static <T> long sum(List<T> parts, ToLongFunction<T> figure) {
    return parts.stream().mapToLong(figure).sum();
  }
}
