package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.store.ContainerStore;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;

/**
 * Keeps the store in sync with the runtime: this package, put together. Started and stopped once,
 * from any thread; what it tells can be read by any thread.
 */
public final class Sync {

  private final SyncLoop loop;
  private final Dispatcher dispatcher;
  private final EventSubscription subscription;
  private final ExitWatch watch;
  private final DeletePolicy policy;
  private final Counters counters = new Counters();

  /**
   * @param waiters who can be asked for an exit, the best first; may be none
   * @param durability of what must not be forgotten once a task is deleted
   * @param random for jitter and for the name of the probe topic
   * @param processes of this node
   */
  public Sync(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      List<ExitWaiter> waiters,
      Durability durability,
      DeletePolicy policy,
      SyncSettings settings,
      RandomGenerator random,
      NodeProcesses processes) {
    this.loop = loop;
    this.policy = policy;
    ExitRecorder recorder = new ExitRecorder(store, counters);
    Inspector inspector =
        new Inspector(loop, store, runtime, recorder, processes, settings.lateness());
    Backoff retryBackoff = new Backoff(settings.retryBase(), settings.retryCap(), random);
    this.watch =
        new ExitWatch(loop, store, waiters, retryBackoff, this::exitTold, this::doubtRaised);
    ExitHandler exits =
        new ExitHandler(
            loop,
            store,
            runtime,
            inspector,
            recorder,
            policy,
            counters,
            settings.finalizeAfter(),
            watch::lostShim,
            durability,
            this::runtimeIsAway);
    RetryQueue retries = new RetryQueue(loop, retryBackoff);
    this.dispatcher =
        new Dispatcher(loop, retries, settings.laneCapacity(), id -> () -> exits.inspect(id));
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

  private void exitTold(ContainerEvent.Exited exit) {
    subscription.exited(exit);
  }

  private void doubtRaised(ContainerId id) {
    subscription.doubt(id);
  }

  private boolean runtimeIsAway() {
    return subscription.status().phase() == SyncStatus.Phase.DISCONNECTED;
  }

  public void start() {
    loop.execute(
        () -> {
          watch.start();
          subscription.connect();
        });
  }

  public void stop() {
    loop.execute(
        () -> {
          watch.stop();
          subscription.stop();
        });
  }

  /**
   * Has containers looked at, each in its lane. Completes when what the runtime said after this
   * call is in the store: not before a look succeeded, however often it must be taken.
   */
  public CompletionStage<Void> settle(Collection<ContainerId> ids) {
    List<CompletableFuture<Void>> looks =
        ids.stream()
            .map(
                id -> {
                  CompletableFuture<Void> look = new CompletableFuture<>();
                  loop.execute(() -> subscription.look(id, () -> look.complete(null)));
                  return look;
                })
            .toList();
    return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new));
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

  /** How many containers' exits are waited for, by whom. */
  public Map<ExitSource, Integer> exitWatches() {
    return watch.open();
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
