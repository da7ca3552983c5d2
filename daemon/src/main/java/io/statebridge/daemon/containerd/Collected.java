package io.statebridge.daemon.containerd;

import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All messages of a stream that ends, which unlike one message has no limit. For one call.
 *
 * @param <A> the messages
 * @param <B> what each is mapped to
 */
final class Collected<A, B> implements StreamObserver<A> {

  private static final Logger log = LoggerFactory.getLogger(Collected.class);

  private final String call;
  private final Function<A, B> mapping;
  private final List<A> collected = new ArrayList<>();
  private final CompletableFuture<List<B>> all = new CompletableFuture<>();

  Collected(String call, Function<A, B> mapping) {
    this.call = call;
    this.mapping = mapping;
  }

  /** Fails with a {@link io.statebridge.api.RuntimeFailure}. */
  CompletionStage<List<B>> all() {
    return all;
  }

  /**
   * Those items that make sense: one that does not must not hide the others.
   *
   * @param mapping throws what it likes for an item that makes no sense
   */
  static <A, B> List<B> mapped(String call, List<A> items, Function<A, B> mapping) {
    List<B> all = new ArrayList<>(items.size());
    for (A item : items) {
      try {
        all.add(mapping.apply(item));
      } catch (RuntimeException e) {
        log.debug("{}: skipping an item that makes no sense: {}: {}", call, e.getMessage(), item);
      }
    }
    return List.copyOf(all);
  }

  @Override
  public void onNext(A message) {
    collected.add(message);
  }

  @Override
  public void onError(Throwable failure) {
    all.completeExceptionally(RuntimeFailures.of(call, failure));
  }

  @Override
  public void onCompleted() {
    all.complete(mapped(call, collected, mapping));
  }
}
