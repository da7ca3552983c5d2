package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.store.ContainerStore;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;

/**
 * Keeps the store in sync with the runtime: this package, put together. Started and stopped once,
 * from any thread; what it tells can be read by any thread.
 */
public final class Sync {

  private final SyncLoop loop;
  private final WorkQueue queue;
  private final RuntimeCalls calls;
  private final LifeCycleRunner runner;
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
    Backoff retryBackoff = new Backoff(settings.retryBase(), settings.retryCap(), random);
    this.watch = new ExitWatch(loop, store, waiters, retryBackoff, this::exited, this::inspect);
    this.queue =
        new WorkQueue(
            loop, new RetryQueue(loop, retryBackoff), settings.queueCapacity(), this::inspection);
    this.calls =
        new RuntimeCalls(
            loop, runtime, processes, counters, settings.lateness(), this::runtimeIsAway);
    this.runner =
        new LifeCycleRunner(
            loop, queue, store, calls, durability, policy, counters, settings, watch::lostShim);
    this.dispatcher =
        new Dispatcher(
            queue,
            runner,
            new ExitHandler(store, runner),
            policy,
            counters,
            () -> status().phase());
    Reconciler reconciler =
        new Reconciler(
            loop,
            store,
            runtime,
            dispatcher,
            queue,
            runner,
            calls,
            policy,
            counters,
            settings.inspectionWindow());
    this.subscription =
        new EventSubscription(
            loop,
            store,
            runtime,
            dispatcher,
            queue,
            runner,
            reconciler,
            policy,
            counters,
            new Backoff(settings.reconnectBase(), settings.reconnectCap(), random),
            retryBackoff,
            settings,
            "/statebridge/probe/" + HexFormat.of().toHexDigits(random.nextLong()));
  }

  private void exited(ContainerEvent.Exited exit) {
    dispatcher.dispatch(exit);
  }

  private void inspect(ContainerId id) {
    dispatcher.inspectIfIdle(id);
  }

  private WorkItem inspection(ContainerId id) {
    return runner.work(id, new Inspect(), () -> {});
  }

  private boolean runtimeIsAway() {
    return subscription.status().phase() == Phase.DISCONNECTED;
  }

  public void start() {
    loop.execute(
        () -> {
          runner.start();
          watch.start();
          subscription.connect();
        });
  }

  public void stop() {
    loop.execute(
        () -> {
          runner.stop();
          watch.stop();
          subscription.stop();
        });
  }

  /**
   * Has containers inspected, each in its queue. Completes when what the runtime said after this
   * call is in the store: not before an inspection succeeded, however often it must be repeated;
   * but at once when the runtime is away, for then nothing follows.
   */
  public CompletionStage<Void> settle(Collection<ContainerId> ids) {
    List<CompletableFuture<Void>> inspections =
        ids.stream()
            .map(
                id -> {
                  CompletableFuture<Void> settled = new CompletableFuture<>();
                  loop.execute(() -> dispatcher.settle(id, () -> settled.complete(null)));
                  return settled;
                })
            .toList();
    return CompletableFuture.allOf(inspections.toArray(CompletableFuture[]::new));
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

  /** Containers whose shim does not answer when asked about its task. Any thread. */
  public Set<ContainerId> silentShims() {
    return calls.silentShims();
  }

  /** Containers whose exit is not waited for at their shim, though it was tried, and why. */
  public SortedMap<ContainerId, String> notWatchedAtShim() {
    return watch.notAtShim();
  }

  /** Containers whose events are being handled. */
  public int activeQueues() {
    return queue.active();
  }

  /** Those of them that wait to try a failed step again. */
  public int waitingQueues() {
    return queue.waiting();
  }
}
