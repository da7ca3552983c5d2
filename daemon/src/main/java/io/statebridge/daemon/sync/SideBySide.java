package io.statebridge.daemon.sync;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Work for each of many items, so many at a time: when one is done, the next may start. Loop only.
 */
final class SideBySide<T> {

  private final SyncLoop loop;
  private final Deque<T> toDo;
  private final Function<T, ? extends CompletionStage<?>> work;
  private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
  private int left;

  private SideBySide(
      SyncLoop loop, Collection<T> items, Function<T, ? extends CompletionStage<?>> work) {
    this.loop = loop;
    this.toDo = new ArrayDeque<>(items);
    this.work = work;
    this.left = items.size();
  }

  /**
   * Completes when all is done; fails with the first that fails, after which none is started.
   *
   * @param atATime positive
   */
  static <T> CompletionStage<@Nullable Void> forEach(
      SyncLoop loop,
      Collection<T> items,
      int atATime,
      Function<T, ? extends CompletionStage<?>> work) {
    SideBySide<T> all = new SideBySide<>(loop, items, work);
    if (items.isEmpty()) {
      all.done.complete(null);
    }
    for (int i = 0; i < atATime; i++) {
      all.startNext();
    }
    return all.done;
  }

  private void startNext() {
    @Nullable T next = toDo.poll();
    if (next != null) {
      work.apply(next).whenCompleteAsync((ok, failure) -> ended(failure), loop);
    }
  }

  private void ended(@Nullable Throwable failure) {
    if (failure != null) {
      done.completeExceptionally(failure);
      toDo.clear();
      return;
    }
    left--;
    if (left == 0) {
      done.complete(null);
    }
    startNext();
  }
}
