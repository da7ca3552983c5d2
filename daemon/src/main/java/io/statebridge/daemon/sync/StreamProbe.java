package io.statebridge.daemon.sync;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether the events of one subscription arrive. Nothing in the protocol tells: containerd answers
 * with the first event and a stream may break without a word. So a probe is published and must come
 * back: at the beginning again and again until it does, later only when nothing else was heard for
 * a while. Loop only.
 */
final class StreamProbe {

  /**
   * The publish may overtake the registration of the subscription, so it is repeated this often.
   */
  static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

  /** Probes that do not come back for so long will not. */
  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /**
   * A proven stream that was silent for this long is probed, and is dead if it is silent for as
   * long again. Events come up to some seconds late in a storm, but a storm is not silent.
   */
  static final Duration SILENCE = Duration.ofSeconds(10);

  private final SyncLoop loop;
  private final Supplier<CompletionStage<Void>> publish;
  private final Runnable onProven;
  private final Consumer<String> onDead;
  private SyncLoop.@Nullable Timer timeout;
  private boolean proven;
  private boolean heard;
  private boolean probed;
  private boolean stopped;

  /**
   * @param onProven called once, when the first probe is back
   * @param onDead called with the reason, maybe more than once
   */
  StreamProbe(
      SyncLoop loop,
      Supplier<CompletionStage<Void>> publish,
      Runnable onProven,
      Consumer<String> onDead) {
    this.loop = loop;
    this.publish = publish;
    this.onProven = onProven;
    this.onDead = onDead;
  }

  void start() {
    timeout =
        loop.schedule(
            CONNECT_TIMEOUT,
            () ->
                onDead.accept(
                    "no probe came back within "
                        + CONNECT_TIMEOUT.toSeconds()
                        + " s of subscribing"));
    probeUntilProven();
  }

  /** Some event arrived. */
  void heard() {
    heard = true;
  }

  /** A probe of ours arrived. */
  void returned() {
    if (proven || stopped) {
      return;
    }
    proven = true;
    cancelTimeout();
    onProven.run();
    listen();
  }

  void stop() {
    stopped = true;
    cancelTimeout();
  }

  private void cancelTimeout() {
    if (timeout != null) {
      timeout.cancel();
    }
  }

  private void probeUntilProven() {
    if (stopped || proven) {
      return;
    }
    publish();
    loop.schedule(PROBE_INTERVAL, this::probeUntilProven);
  }

  private void publish() {
    publish
        .get()
        .whenCompleteAsync(
            (ok, failure) -> {
              if (failure != null && !stopped) {
                onDead.accept(Failures.message(failure));
              }
            },
            loop);
  }

  /** From now to the next time: something must be heard, if need be our own probe. */
  private void listen() {
    heard = false;
    timeout = loop.schedule(SILENCE, this::endOfSilence);
  }

  private void endOfSilence() {
    if (stopped) {
      return;
    }
    if (!heard && probed) {
      onDead.accept(
          "the event stream is silent although a probe was published "
              + SILENCE.toSeconds()
              + " s ago");
      return;
    }
    probed = !heard;
    listen();
    if (probed) {
      publish();
    }
  }
}
