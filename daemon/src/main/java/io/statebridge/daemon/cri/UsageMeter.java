package io.statebridge.daemon.cri;

import com.google.common.base.Ticker;
import com.google.common.collect.Lists;
import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Has the runtime measure many containers. Blocks, for calls have threads of their own. */
final class UsageMeter {

  /** Asked at a time: enough to be quick, and containerd has other clients. */
  static final int WINDOW = 16;

  private final ContainerUsage runtime;
  private final WritableLayers layers;
  private final CpuRates rates = new CpuRates();

  UsageMeter(ContainerUsage runtime, Ticker ticker) {
    this.runtime = runtime;
    this.layers = new WritableLayers(runtime, ticker);
  }

  /** What a task uses, and how fast the processors. */
  record Figure(TaskUsage usage, OptionalLong nanoCores) {}

  /**
   * @param failed why a task could not be measured
   */
  record Figures(
      Map<ContainerId, Figure> tasks,
      Map<ContainerId, LayerUsage> layers,
      Map<ContainerId, RuntimeFailure> failed) {}

  /**
   * @param tasks to be measured
   * @param written whose writable layers are to be measured
   * @throws io.grpc.StatusRuntimeException UNAVAILABLE when the runtime is away
   */
  Figures measure(Collection<ContainerId> tasks, Collection<ContainerId> written) {
    Figures figures = new Figures(new HashMap<>(), new HashMap<>(), new HashMap<>());
    inWindows(
        tasks,
        runtime::task,
        (id, usage) -> figures.tasks().put(id, figure(id, usage)),
        figures.failed()::put);
    // A layer that cannot be measured in time leaves the other figures as good as they are.
    inWindows(written, layers::of, figures.layers()::put, (id, failure) -> {});
    return figures;
  }

  private Figure figure(ContainerId id, TaskUsage usage) {
    Cpu cpu = usage.cpu();
    return new Figure(
        usage,
        cpu == null ? OptionalLong.empty() : rates.nanoCores(id, usage.at(), cpu.usedNanos()));
  }

  private static <T> void inWindows(
      Collection<ContainerId> ids,
      Function<ContainerId, CompletionStage<T>> ask,
      BiConsumer<ContainerId, T> answered,
      BiConsumer<ContainerId, RuntimeFailure> failed) {
    for (List<ContainerId> window : Lists.partition(List.copyOf(ids), WINDOW)) {
      Map<ContainerId, CompletableFuture<T>> asked = new LinkedHashMap<>();
      window.forEach(id -> asked.put(id, ask.apply(id).toCompletableFuture()));
      asked.forEach(
          (id, answer) -> {
            try {
              answered.accept(id, answer.join());
            } catch (CompletionException e) {
              failed.accept(id, expected(e));
            }
          });
    }
  }

  private static RuntimeFailure expected(CompletionException e) {
    if (!(e.getCause() instanceof RuntimeFailure failure)) {
      throw e;
    }
    if (failure.kind() == Kind.UNREACHABLE) {
      throw Status.UNAVAILABLE
          .withDescription("containerd is away, and it alone can measure: " + failure.getMessage())
          .asRuntimeException();
    }
    return failure;
  }

  /** Forgets what was measured of all others. */
  void retain(Set<ContainerId> running) {
    rates.retain(running);
  }
}
