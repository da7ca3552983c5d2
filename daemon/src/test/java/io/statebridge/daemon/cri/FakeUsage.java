package io.statebridge.daemon.cri;

import io.grpc.Context;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A runtime that measures what it was told to, and notes who was asked about. Thread-safe. */
final class FakeUsage implements ContainerUsage {
  final Map<ContainerId, CompletableFuture<TaskUsage>> tasks = new ConcurrentHashMap<>();
  final Map<ContainerId, CompletableFuture<LayerUsage>> layers = new ConcurrentHashMap<>();
  final List<ContainerId> tasksAsked = new CopyOnWriteArrayList<>();
  final List<ContainerId> layersAsked = new CopyOnWriteArrayList<>();
  final List<Context> contexts = new CopyOnWriteArrayList<>();

  static RuntimeFailure failure(Kind kind) {
    return new RuntimeFailure(kind, "it is " + kind);
  }

  @Override
  public CompletionStage<TaskUsage> task(ContainerId id) {
    tasksAsked.add(id);
    return tasks.getOrDefault(id, CompletableFuture.failedFuture(failure(Kind.NOT_FOUND)));
  }

  @Override
  public CompletionStage<LayerUsage> writableLayer(ContainerId id) {
    layersAsked.add(id);
    contexts.add(Context.current());
    return layers.getOrDefault(id, CompletableFuture.failedFuture(failure(Kind.NOT_FOUND)));
  }
}
