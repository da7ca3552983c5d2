package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Ticker;
import io.grpc.Context;
import io.statebridge.api.ContainerId;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class WritableLayersTest {
  private static final ContainerId WEB = new ContainerId("k8s.io", "web");
  private static final LayerUsage LAYER = new LayerUsage(Instant.EPOCH, "/layers", 1, 2);

  private final FakeUsage runtime = new FakeUsage();
  private final AtomicLong nanos = new AtomicLong();
  private final WritableLayers layers =
      new WritableLayers(
          runtime,
          new Ticker() {
            @Override
            public long read() {
              return nanos.get();
            }
          });

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void aSizeIsKeptForAWhileHoweverOftenItIsAskedFor() {
    runtime.layers.put(WEB, CompletableFuture.completedFuture(LAYER));

    for (int i = 0; i < 3; i++) {
      assertThat(layers.of(WEB)).isCompletedWithValue(LAYER);
      pass(WritableLayers.KEPT.dividedBy(4));
    }
    assertThat(runtime.layersAsked).hasSize(1);
    pass(WritableLayers.KEPT.dividedBy(4));
    layers.of(WEB);

    assertThat(runtime.layersAsked).hasSize(2);
  }

  @Test
  void whoAsksMeanwhileSharesTheAnswer() {
    runtime.layers.put(WEB, new CompletableFuture<>());
    CompletableFuture<LayerUsage> first = layers.of(WEB);

    CompletableFuture<LayerUsage> second = layers.of(WEB);
    runtime.layers.get(WEB).complete(LAYER);

    assertThat(first).isCompletedWithValue(LAYER);
    assertThat(second).isCompletedWithValue(LAYER);
    assertThat(runtime.layersAsked).hasSize(1);
  }

  @Test
  void aFailureIsNotKept() {
    runtime.layers.put(WEB, CompletableFuture.failedFuture(FakeUsage.failure(Kind.TRANSIENT)));
    assertThat(layers.of(WEB)).isCompletedExceptionally();
    runtime.layers.put(WEB, CompletableFuture.completedFuture(LAYER));

    assertThat(layers.of(WEB)).isCompletedWithValue(LAYER);
  }

  @Test
  void anAskerThatLeavesDoesNotTakeTheQuestionAlong() throws Exception {
    Context.CancellableContext asker = Context.current().withCancellation();
    Context before = asker.attach();
    try {
      layers.of(WEB);
    } finally {
      asker.detach(before);
      asker.cancel(null);
    }

    assertThat(runtime.contexts).singleElement().isEqualTo(Context.ROOT);
  }
}
