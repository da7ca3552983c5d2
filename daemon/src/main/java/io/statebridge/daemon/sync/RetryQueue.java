package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * When each container's queue whose head failed may try again. It holds an id, its timer and the
 * attempt; the failed item itself never leaves the head of its queue, so nothing can get ahead of
 * it. Bounded by the number of queues. Loop only, but for {@link #size}.
 */
final class RetryQueue {

  private record Entry(int attempt, SyncLoop.Timer timer) {}

  private final SyncLoop loop;
  private final Backoff backoff;
  private final Map<ContainerId, Entry> waiting = new ConcurrentHashMap<>();

  RetryQueue(SyncLoop loop, Backoff backoff) {
    this.loop = loop;
    this.backoff = backoff;
  }

  /**
   * Calls back with the id when its backoff has passed, or earlier when {@link #retryAllNow} is
   * called.
   */
  void add(ContainerId id, int attempt, Consumer<ContainerId> due) {
    SyncLoop.Timer timer =
        loop.schedule(
            backoff.delay(attempt),
            () -> {
              waiting.remove(id);
              due.accept(id);
            });
    waiting.put(id, new Entry(attempt, timer));
  }

  /** The runtime is back: whoever waits need not wait longer. */
  void retryAllNow(Consumer<ContainerId> due) {
    List<Map.Entry<ContainerId, Entry>> all = List.copyOf(waiting.entrySet());
    waiting.clear();
    for (Map.Entry<ContainerId, Entry> entry : all) {
      entry.getValue().timer().cancel();
      due.accept(entry.getKey());
    }
  }

  int size() {
    return waiting.size();
  }
}
