package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A runtime whose containers, answers and failures the test sets. Answers come at once, unless the
 * call is held.
 */
final class FakeRuntime implements ContainerRuntime {

  private record Held(String call, Runnable answer) {}

  /** What a stage completes with. */
  private record Outcome<T extends @Nullable Object>(
      @Nullable T answer, @Nullable RuntimeFailure failure) {}

  final Map<ContainerId, ContainerInfo> containers = new LinkedHashMap<>();
  final Map<ContainerId, TaskInfo> tasks = new LinkedHashMap<>();
  final Map<ContainerId, PastRun> pastRuns = new HashMap<>();

  /** Every call that was made, such as "deleteTask ns/id". */
  final List<String> calls = new ArrayList<>();

  /** Containers that were deleted while their task goes on: it is listed and cannot be read. */
  final Set<ContainerId> orphans = new HashSet<>();

  boolean criPlugin;
  boolean probesReturn = true;
  boolean listsOmitTasks;
  int subscriptions;
  int processed;

  private final Map<String, RuntimeFailure.Kind> failing = new HashMap<>();
  private final List<String> holding = new ArrayList<>();
  private final List<String> delaying = new ArrayList<>();
  private final List<Held> held = new ArrayList<>();
  private @Nullable EventListener listener;
  private @Nullable EventListener firstListener;

  /** A container with a task, as the runtime would have it; nobody is told. */
  void add(ContainerId id, Status status, long pid) {
    containers.put(id, info(id));
    task(id, status, pid, 0, null);
  }

  void task(ContainerId id, Status status, long pid, int code, @Nullable Instant exitedAt) {
    tasks.put(id, new TaskInfo(id, status, pid, code, exitedAt));
  }

  static ContainerInfo info(ContainerId id) {
    return info(id, FakeLoop.START.minusSeconds(60));
  }

  static ContainerInfo info(ContainerId id, Instant createdAt) {
    return new ContainerInfo(id, "image", "runc", Map.of(), "", createdAt);
  }

  /** From now on such calls fail: "deleteTask" or "deleteTask ns/id". */
  void fail(String call, RuntimeFailure.Kind kind) {
    failing.put(call, kind);
  }

  void heal(String call) {
    failing.remove(call);
  }

  /** From now on such calls are carried out at once, and answered only by {@link #release}. */
  void delay(String call) {
    delaying.add(call);
  }

  /** From now on such calls are carried out and answered only by {@link #release}. */
  void hold(String call) {
    holding.add(call);
  }

  void release(String call) {
    holding.remove(call);
    delaying.remove(call);
    List<Held> ready = held.stream().filter(h -> h.call().startsWith(call)).toList();
    held.removeAll(ready);
    ready.forEach(h -> h.answer().run());
  }

  long count(String call) {
    return calls.stream().filter(c -> c.startsWith(call)).count();
  }

  boolean hasSubscriber() {
    return listener != null;
  }

  void emit(ContainerEvent event) {
    if (listener != null) {
      listener.next(event);
    }
  }

  /** What a subscription that has been replaced would hear. */
  void emitToFirstSubscriber(ContainerEvent event) {
    Objects.requireNonNull(firstListener).next(event);
  }

  void endStream() {
    EventListener ended = listener;
    listener = null;
    if (ended != null) {
      ended.ended(new RuntimeFailure(RuntimeFailure.Kind.TRANSIENT, "the stream was cut"));
    }
  }

  @Override
  public EventStream subscribe(String probeTopic, EventListener newListener) {
    subscriptions++;
    listener = newListener;
    if (firstListener == null) {
      firstListener = newListener;
    }
    return new EventStream() {
      @Override
      public void processed() {
        processed++;
      }

      @Override
      public void close() {
        listener = null;
      }
    };
  }

  @Override
  public CompletionStage<Void> publishProbe(String topic) {
    return this.<Void>answer(
        "publishProbe",
        () -> {
          if (probesReturn) {
            emit(new ContainerEvent.Probe(topic));
          }
          return null;
        });
  }

  @Override
  public CompletionStage<String> version() {
    return answer("version", () -> "1.6.20");
  }

  @Override
  public CompletionStage<Boolean> criPluginLoaded() {
    return answer("criPluginLoaded", () -> criPlugin);
  }

  @Override
  public CompletionStage<List<String>> namespaces() {
    return answer(
        "namespaces",
        () -> containers.keySet().stream().map(ContainerId::namespace).distinct().toList());
  }

  @Override
  public CompletionStage<List<ContainerInfo>> listContainers(String namespace) {
    return answer(
        "listContainers " + namespace,
        () ->
            containers.values().stream()
                .filter(info -> info.id().namespace().equals(namespace))
                .toList());
  }

  @Override
  public CompletionStage<List<TaskInfo>> listTasks(String namespace) {
    return answer(
        "listTasks " + namespace,
        () ->
            tasks.values().stream()
                .filter(task -> !listsOmitTasks && task.id().namespace().equals(namespace))
                .toList());
  }

  @Override
  public CompletionStage<ContainerInfo> getContainer(ContainerId id) {
    return answer("getContainer " + id, () -> existing(containers.get(id)));
  }

  @Override
  public CompletionStage<TaskInfo> getTask(ContainerId id) {
    return answer("getTask " + id, () -> existing(orphans.contains(id) ? null : tasks.get(id)));
  }

  @Override
  public CompletionStage<PastRun> pastRun(ContainerId id) {
    return answer("pastRun " + id, () -> existing(pastRuns.get(id)));
  }

  @Override
  public CompletionStage<Void> deleteTask(ContainerId id) {
    return this.<Void>answer(
        "deleteTask " + id,
        () -> {
          Status status = existing(orphans.contains(id) ? null : tasks.get(id)).status();
          if (status == Status.RUNNING || status == Status.PAUSED) {
            throw new RuntimeFailure(RuntimeFailure.Kind.TRANSIENT, "cannot delete a live task");
          }
          tasks.remove(id);
          return null;
        });
  }

  private static <T> T existing(@Nullable T found) {
    if (found == null) {
      throw new RuntimeFailure(RuntimeFailure.Kind.NOT_FOUND, "not found");
    }
    return found;
  }

  private <T extends @Nullable Object> CompletionStage<T> answer(String call, Supplier<T> work) {
    calls.add(call);
    CompletableFuture<T> stage = new CompletableFuture<>();
    if (delaying.stream().anyMatch(call::startsWith)) {
      Outcome<T> outcome = carryOut(call, work);
      held.add(new Held(call, () -> complete(stage, outcome)));
    } else if (holding.stream().anyMatch(call::startsWith)) {
      held.add(new Held(call, () -> complete(stage, carryOut(call, work))));
    } else {
      complete(stage, carryOut(call, work));
    }
    return stage;
  }

  private <T extends @Nullable Object> Outcome<T> carryOut(String call, Supplier<T> work) {
    String name = call.split(" ", 2)[0];
    RuntimeFailure.Kind kind = failing.containsKey(call) ? failing.get(call) : failing.get(name);
    if (kind != null) {
      return new Outcome<>(null, new RuntimeFailure(kind, name + " fails"));
    }
    try {
      return new Outcome<>(work.get(), null);
    } catch (RuntimeFailure e) {
      return new Outcome<>(null, e);
    }
  }

  private static <T extends @Nullable Object> void complete(
      CompletableFuture<T> stage, Outcome<T> outcome) {
    RuntimeFailure failure = outcome.failure();
    if (failure == null) {
      stage.complete(outcome.answer());
    } else {
      stage.completeExceptionally(failure);
    }
  }
}
