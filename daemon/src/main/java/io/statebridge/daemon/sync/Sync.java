package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerRuntime;
import io.statebridge.store.ContainerStore;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;

/**
 * Keeps the store in sync with the runtime: this package, put together. Started and stopped once,
 * from any thread; what it tells can be read by any thread.
 */
public final class Sync {

  private final SyncLoop loop;
  private final Dispatcher dispatcher;
  private final EventSubscription subscription;
  private final DeletePolicy policy;
  private final Counters counters = new Counters();

  /**
   * @param random for jitter and for the name of the probe topic
   * @param processStart when the process of a pid was started, as the kernel says
   */
  public Sync(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      DeletePolicy policy,
      SyncSettings settings,
      RandomGenerator random,
      LongFunction<Optional<Instant>> processStart) {
    this.loop = loop;
    this.policy = policy;
    ExitRecorder recorder = new ExitRecorder(store, counters);
    Inspector inspector = new Inspector(loop, store, runtime, recorder, processStart);
    ExitHandler exits =
        new ExitHandler(
            loop, store, runtime, inspector, recorder, policy, counters, settings.finalizeAfter());
    RetryQueue retries =
        new RetryQueue(loop, new Backoff(settings.retryBase(), settings.retryCap(), random));
    this.dispatcher =
        new Dispatcher(
            loop, retries, settings.laneCapacity(), id -> () -> exits.inspect(id, () -> {}));
    Reconciler reconciler =
        new Reconciler(
            loop, store, runtime, dispatcher, exits, policy, counters, settings.inspectionWindow());
    this.subscription =
        new EventSubscription(
            loop,
            runtime,
            dispatcher,
            exits,
            new StateHandler(loop, store, inspector, exits, recorder),
            reconciler,
            policy,
            counters,
            new Backoff(settings.reconnectBase(), settings.reconnectCap(), random),
            settings.reconcileInterval(),
            "/statebridge/probe/" + HexFormat.of().toHexDigits(random.nextLong()));
  }

  public void start() {
    loop.execute(subscription::connect);
  }

  public void stop() {
    loop.execute(subscription::stop);
  }

  public SyncStatus status() {
    return subscription.status();
  }

  public Counters counters() {
    return counters;
  }

  public DeletePolicy policy() {
    return policy;
  }

  /** Containers whose events are being handled. */
  public int activeLanes() {
    return dispatcher.activeLanes();
  }

  /** Those of them that wait to try a failed step again. */
  public int waitingLanes() {
    return dispatcher.waitingLanes();
  }
}
