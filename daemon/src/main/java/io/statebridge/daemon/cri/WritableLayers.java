package io.statebridge.daemon.cri;

import com.google.common.base.Ticker;
import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import io.grpc.Context;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.LayerUsage;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The sizes of writable layers, kept for a while: to measure one is to walk it. Who asks while it
 * is being measured shares the answer. Thread-safe.
 */
final class WritableLayers {

  /** As often as containerd's CRI plugin measures. */
  static final Duration KEPT = Duration.ofSeconds(10);

  private final ContainerUsage runtime;
  private final Cache<ContainerId, CompletableFuture<LayerUsage>> measured;

  WritableLayers(ContainerUsage runtime, Ticker ticker) {
    this.runtime = runtime;
    this.measured = CacheBuilder.newBuilder().expireAfterWrite(KEPT).ticker(ticker).build();
  }

  /** A failure is not kept. */
  CompletableFuture<LayerUsage> of(ContainerId id) {
    CompletableFuture<LayerUsage> known = measured.getIfPresent(id);
    if (known != null && known.isCompletedExceptionally()) {
      measured.asMap().remove(id, known);
    }
    try {
      // Not by way of the map, where not every Guava minds what has expired.
      return measured.get(id, () -> measure(id));
    } catch (ExecutionException e) {
      return CompletableFuture.failedFuture(e.getCause());
    }
  }

  /** Outside of the asker's call: should that be cancelled, others wait for the answer still. */
  private CompletableFuture<LayerUsage> measure(ContainerId id) {
    Context asker = Context.ROOT.attach();
    try {
      return runtime.writableLayer(id).toCompletableFuture();
    } finally {
      Context.ROOT.detach(asker);
    }
  }
}
