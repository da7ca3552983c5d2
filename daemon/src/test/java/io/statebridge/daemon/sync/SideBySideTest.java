package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SideBySideTest {

  private final FakeLoop loop = new FakeLoop();
  private final List<CompletableFuture<Void>> started = new ArrayList<>();

  private CompletableFuture<?> forEach(int items) {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < items; i++) {
      all.add(i);
    }
    CompletableFuture<?> done =
        SideBySide.forEach(
                loop,
                all,
                3,
                item -> {
                  CompletableFuture<Void> work = new CompletableFuture<>();
                  started.add(work);
                  return work;
                })
            .toCompletableFuture();
    loop.run();
    return done;
  }

  private void end(int item) {
    started.get(item).complete(null);
    loop.run();
  }

  @Test
  void nothingToDoIsDone() {
    assertThat(forEach(0)).isCompleted();
  }

  @Test
  void whenOneIsDoneTheNextStarts() {
    CompletableFuture<?> done = forEach(5);
    assertThat(started).hasSize(3);

    end(1);
    assertThat(started).hasSize(4);
    end(0);
    end(2);
    end(3);
    assertThat(started).hasSize(5);
    assertThat(done).isNotDone();
    end(4);

    assertThat(done).isCompleted();
  }

  @Test
  void afterAFailureNoneStarts() {
    CompletableFuture<?> done = forEach(5);

    started.get(0).completeExceptionally(new IllegalStateException("no"));
    loop.run();
    end(1);

    assertThat(started).hasSize(3);
    assertThat(done).isCompletedExceptionally();
  }
}
