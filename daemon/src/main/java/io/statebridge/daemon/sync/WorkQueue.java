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
 * Work by container: that of one container is done in order and one item at a time, different
 * containers do not wait for each other. Knows keys and items, not events.
 *
 * <p>An item that fails stays at the head of its queue and is retried after a backoff, for ever;
 * what comes later waits behind it. A queue holds a bounded number of items: one that would
 * overflow it is dropped, and the container is inspected instead once the queue has drained. A
 * queue exists only while it has work. Loop only, but for the two counts.
 */
final class WorkQueue {

  private static final Logger log = LoggerFactory.getLogger(WorkQueue.class);

  private static final class Queue {
    final Deque<WorkItem> items = new ArrayDeque<>();
    int failures;
    boolean overflowed;
  }

  private final SyncLoop loop;
  private final RetryQueue retries;
  private final int capacity;
  private final Function<ContainerId, WorkItem> inspection;
  private final Map<ContainerId, Queue> queues = new ConcurrentHashMap<>();

  /**
   * @param capacity in items
   * @param inspection makes up for whatever an overflowing queue had to drop
   */
  WorkQueue(
      SyncLoop loop, RetryQueue retries, int capacity, Function<ContainerId, WorkItem> inspection) {
    this.loop = loop;
    this.retries = retries;
    this.capacity = capacity;
    this.inspection = inspection;
  }

  /**
   * Appends an item to the container's queue.
   *
   * @return whether there was room for it
   */
  boolean submit(ContainerId id, WorkItem item) {
    loop.requireLoop();
    @Nullable Queue queue = queues.get(id);
    if (queue == null) {
      queue = new Queue();
      queues.put(id, queue);
      queue.items.add(item);
      runHead(id, queue);
      return true;
    }
    if (queue.items.size() < capacity) {
      return queue.items.add(item);
    }
    if (!queue.overflowed) {
      log.warn("{}: {} items wait in its queue; inspecting it when they are done", id, capacity);
    }
    queue.overflowed = true;
    return false;
  }

  boolean isBusy(ContainerId id) {
    loop.requireLoop();
    return queues.containsKey(id);
  }

  /** How much waits behind what is being done about a container. */
  int waiting(ContainerId id) {
    @Nullable Queue queue = queues.get(id);
    return queue == null ? 0 : Math.max(0, queue.items.size() - 1);
  }

  int active() {
    return queues.size();
  }

  int waiting() {
    return retries.size();
  }

  /** The runtime is back: queues that wait for their backoff try at once. */
  void retryAllNow() {
    retries.retryAllNow(this::resume);
  }

  private void resume(ContainerId id) {
    @Nullable Queue queue = queues.get(id);
    if (queue != null) {
      runHead(id, queue);
    }
  }

  private void runHead(ContainerId id, Queue queue) {
    start(queue.items.element())
        .whenCompleteAsync((ok, failure) -> ended(id, queue, failure), loop);
  }

  private static CompletionStage<Void> start(WorkItem item) {
    try {
      return item.run();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private void ended(ContainerId id, Queue queue, @Nullable Throwable failure) {
    if (failure != null) {
      Failures.escalateError(loop, failure);
      Failures.logAttempt(log, id, queue.failures, failure);
      retries.add(id, queue.failures++, this::resume);
      return;
    }
    if (queue.failures > 0) {
      log.debug("{}: went through after {} failed attempts", id, queue.failures);
      queue.failures = 0;
    }
    queue.items.remove();
    if (queue.items.isEmpty() && queue.overflowed) {
      queue.overflowed = false;
      queue.items.add(inspection.apply(id));
    }
    if (queue.items.isEmpty()) {
      queues.remove(id);
    } else {
      runHead(id, queue);
    }
  }
}
