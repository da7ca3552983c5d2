package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane per container: tasks of one container run in order and one at a time, tasks of different
 * containers do not wait for each other. Knows keys and tasks, not events.
 *
 * <p>A task that fails stays at the head of its lane and is retried after a backoff, for ever; what
 * comes later queues behind it. A lane holds a bounded number of tasks: one that would overflow it
 * is let go, and the container is inspected instead once the lane has drained. A lane exists only
 * while it has work. Loop only, but for the two counts.
 */
final class Dispatcher {

  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

  private static final class Lane {
    final Deque<LaneTask> tasks = new ArrayDeque<>();
    int failures;
    boolean overflowed;
  }

  private final SyncLoop loop;
  private final RetryQueue retries;
  private final int laneCapacity;
  private final Function<ContainerId, LaneTask> inspection;
  private final Map<ContainerId, Lane> lanes = new ConcurrentHashMap<>();

  /**
   * @param laneCapacity in tasks
   * @param inspection makes up for whatever an overflowing lane had to let go
   */
  Dispatcher(
      SyncLoop loop,
      RetryQueue retries,
      int laneCapacity,
      Function<ContainerId, LaneTask> inspection) {
    this.loop = loop;
    this.retries = retries;
    this.laneCapacity = laneCapacity;
    this.inspection = inspection;
  }

  /** Appends a task to the container's lane. */
  void submit(ContainerId id, LaneTask task) {
    @Nullable Lane lane = lanes.get(id);
    if (lane == null) {
      lane = new Lane();
      lanes.put(id, lane);
      lane.tasks.add(task);
      runHead(id, lane);
    } else if (lane.tasks.size() < laneCapacity) {
      lane.tasks.add(task);
    } else {
      if (!lane.overflowed) {
        log.warn(
            "{}: {} tasks wait in its lane; inspecting it when they are done", id, laneCapacity);
      }
      lane.overflowed = true;
    }
  }

  boolean isBusy(ContainerId id) {
    return lanes.containsKey(id);
  }

  int activeLanes() {
    return lanes.size();
  }

  int waitingLanes() {
    return retries.size();
  }

  /** The runtime is back: lanes that wait for their backoff try at once. */
  void retryAllNow() {
    retries.retryAllNow(this::resume);
  }

  private void resume(ContainerId id) {
    @Nullable Lane lane = lanes.get(id);
    if (lane != null) {
      runHead(id, lane);
    }
  }

  private void runHead(ContainerId id, Lane lane) {
    start(lane.tasks.element()).whenCompleteAsync((ok, failure) -> ended(id, lane, failure), loop);
  }

  private static CompletionStage<Void> start(LaneTask task) {
    try {
      return task.run();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private void ended(ContainerId id, Lane lane, @Nullable Throwable failure) {
    if (failure != null) {
      Failures.logAttempt(log, id, lane.failures, failure);
      retries.add(id, lane.failures++, this::resume);
      return;
    }
    if (lane.failures > 0) {
      log.debug("{}: went through after {} failed attempts", id, lane.failures);
      lane.failures = 0;
    }
    lane.tasks.remove();
    if (lane.tasks.isEmpty() && lane.overflowed) {
      lane.overflowed = false;
      lane.tasks.add(inspection.apply(id));
    }
    if (lane.tasks.isEmpty()) {
      lanes.remove(id);
    } else {
      runHead(id, lane);
    }
  }
}
