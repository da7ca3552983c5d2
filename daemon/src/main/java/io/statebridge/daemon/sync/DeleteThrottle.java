package io.statebridge.daemon.sync;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds Deletes back. A Delete makes the shim and its runtime work for tens of milliseconds, on the
 * processors that the next exits need to become visible. So while some Deletes are under way and
 * exits keep coming, further ones wait, but not for long. And never are more than so many begun
 * together: a thousand at once, after an outage, would most of them time out half done. Loop only.
 */
final class DeleteThrottle {

  /** So many at a time leave processors to others. */
  static final int FREE = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

  /** Exits that come further apart are no storm. */
  static final Duration QUIET = Duration.ofMillis(50);

  /** A storm that does not end must not keep tasks for ever. */
  static final Duration PATIENCE = Duration.ofMillis(500);

  /** Of Deletes that are answered within {@link #SLOT}. */
  static final int MOST = 16;

  /** A Delete that hangs gives its place to the next one, and has containerd's attention still. */
  static final Duration SLOT = Duration.ofSeconds(1);

  private static final CompletionStage<Void> NOW = CompletableFuture.completedStage(null);

  private final SyncLoop loop;
  private final Deque<CompletableFuture<Void>> waiting = new ArrayDeque<>();
  private int underWay;
  private int slots;
  private long lastExitNanos;

  DeleteThrottle(SyncLoop loop) {
    this.loop = loop;
    this.lastExitNanos = loop.nanoTime() - QUIET.toNanos();
  }

  /** An exit became visible. */
  void exitSeen() {
    lastExitNanos = loop.nanoTime();
  }

  /** Calls Delete, at once or a little later. */
  CompletionStage<Void> call(Supplier<CompletionStage<Void>> delete) {
    return turn(loop.nanoTime() + PATIENCE.toNanos())
        .thenComposeAsync(ok -> slot(), loop)
        .thenComposeAsync(
            ok -> {
              underWay++;
              Slot slot = new Slot();
              return delete
                  .get()
                  .whenCompleteAsync(
                      (done, failure) -> {
                        underWay--;
                        slot.giveUp();
                      },
                      loop);
            },
            loop);
  }

  private CompletionStage<Void> slot() {
    if (slots < MOST) {
      slots++;
      return NOW;
    }
    CompletableFuture<Void> later = new CompletableFuture<>();
    waiting.add(later);
    return later;
  }

  private final class Slot {
    private final SyncLoop.Timer timer = loop.schedule(SLOT, this::giveUp);
    private boolean givenUp;

    void giveUp() {
      if (givenUp) {
        return;
      }
      givenUp = true;
      timer.cancel();
      @Nullable CompletableFuture<Void> next = waiting.poll();
      if (next == null) {
        slots--;
      } else {
        next.complete(null);
      }
    }
  }

  private CompletionStage<Void> turn(long latestNanos) {
    long now = loop.nanoTime();
    long quiet = lastExitNanos + QUIET.toNanos();
    long left = Math.min(quiet - now, latestNanos - now);
    if (underWay < FREE || left <= 0) {
      return NOW;
    }
    CompletableFuture<Void> later = new CompletableFuture<>();
    loop.schedule(Duration.ofNanos(left), () -> later.complete(null));
    return later.thenComposeAsync(ok -> turn(latestNanos), loop);
  }
}
