package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Malformed;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerEvent.Unrecognised;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerRuntime.EventStream;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import io.statebridge.daemon.sync.lifecycle.Safeguard;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscription to the runtime's events, as a state machine: DISCONNECTED, then CONNECTING
 * (subscribe, and publish probes until one comes back, for nothing else proves that events arrive),
 * then RECONCILING (the runtime's list makes up for what was missed), then LIVE. A list that fails
 * leads back to RECONCILING, for the stream is still worth having; whatever else goes wrong leads
 * back to DISCONNECTED and, after a backoff, to another attempt, for ever. A clean end of the
 * stream is as wrong as any error.
 *
 * <p>Events of containers go to the {@link Dispatcher}. Loop only, but for {@link #status}.
 */
final class EventSubscription {

  private static final Logger log = LoggerFactory.getLogger(EventSubscription.class);

  private final SyncLoop loop;
  private final ContainerStore store;
  private final ContainerRuntime runtime;
  private final Dispatcher dispatcher;
  private final WorkQueue queue;
  private final LifeCycleRunner runner;
  private final Reconciler reconciler;
  private final DeletePolicy policy;
  private final Counters counters;
  private final Backoff backoff;
  private final Backoff listBackoff;
  private final SyncSettings settings;
  private final String probeTopic;

  /**
   * What belongs to one connection; a callback of an earlier one finds another here and does
   * nothing.
   */
  private @Nullable Connection current;

  private int failedAttempts;
  private int liveConnections;
  private boolean stopped;
  private volatile SyncStatus status;

  /**
   * @param backoff between attempts to connect
   * @param listBackoff between comparisons of which a list failed: that costs the runtime something
   * @param probeTopic a topic that nobody else publishes on
   */
  EventSubscription(
      SyncLoop loop,
      ContainerStore store,
      ContainerRuntime runtime,
      Dispatcher dispatcher,
      WorkQueue queue,
      LifeCycleRunner runner,
      Reconciler reconciler,
      DeletePolicy policy,
      Counters counters,
      Backoff backoff,
      Backoff listBackoff,
      SyncSettings settings,
      String probeTopic) {
    this.loop = loop;
    this.store = store;
    this.runtime = runtime;
    this.dispatcher = dispatcher;
    this.queue = queue;
    this.runner = runner;
    this.reconciler = reconciler;
    this.policy = policy;
    this.counters = counters;
    this.backoff = backoff;
    this.listBackoff = listBackoff;
    this.settings = settings;
    this.probeTopic = probeTopic;
    this.status = SyncStatus.initial(loop.now());
  }

  /** How the connection is doing. Any thread. */
  SyncStatus status() {
    return status;
  }

  void connect() {
    loop.requireLoop();
    if (stopped) {
      return;
    }
    enter(Phase.CONNECTING);
    Connection connection = new Connection();
    current = connection;
    runtime
        .version()
        .thenCombine(runtime.criPluginLoaded(), RuntimeFacts::new)
        .whenCompleteAsync(
            (facts, failure) -> {
              if (failure != null) {
                connection.fail(Failures.message(failure));
              } else if (connection == current) {
                status = status.withVersion(facts.version());
                policy.criPluginLoaded(facts.criPluginLoaded());
                connection.subscribe();
              }
            },
            loop);
  }

  private record RuntimeFacts(String version, boolean criPluginLoaded) {}

  void stop() {
    stopped = true;
    if (current != null) {
      current.close();
      current = null;
    }
  }

  private void enter(Phase phase) {
    status = status.enter(phase, loop.now());
  }

  private void route(ContainerEvent event, Connection connection) {
    switch (event) {
      case ContainerEvent.OfContainer e -> dispatcher.dispatch(e);
      case Unrecognised _ -> counters.unrecognisedEvents.increment();
      case Malformed e -> {
        counters.malformedEvents.increment();
        log.warn("cannot read an event of {} ({}): {}", e.topic(), e.type(), e.problem());
        connection.reconcileSoon();
      }
      case Probe _ -> connection.probe.returned();
    }
  }

  /** One attempt, and what comes of it. */
  private final class Connection {
    private final StreamProbe probe =
        new StreamProbe(
            loop, () -> runtime.publishProbe(probeTopic), this::proven, why -> fail(why));
    private @Nullable EventStream stream;
    private boolean reconciling;
    private boolean reconcileAgain;
    private int failedReconciles;
    private boolean proven;
    private boolean wentLive;
    private SyncLoop.@Nullable Timer nextReconcile;

    void subscribe() {
      runner.eventsWereMissed();
      stream =
          runtime.subscribe(
              probeTopic,
              new ContainerRuntime.EventListener() {
                @Override
                public void next(ContainerEvent event) {
                  loop.execute(() -> received(event));
                }

                @Override
                public void ended(RuntimeFailure why) {
                  loop.execute(() -> fail(Failures.message(why)));
                }
              });
      if (settings.has(Safeguard.PROBE)) {
        probe.start();
      } else {
        proven();
      }
    }

    private void received(ContainerEvent event) {
      if (this != current) {
        return;
      }
      probe.heard();
      if (!(event instanceof Probe)) {
        counters.events.increment();
      }
      route(event, this);
      if (stream != null) {
        stream.processed();
      }
    }

    private void proven() {
      proven = true;
      enter(Phase.RECONCILING);
      queue.retryAllNow();
      reconcile();
    }

    void reconcileSoon() {
      if (reconciling) {
        reconcileAgain = true;
      } else if (proven) {
        reconcile();
      }
    }

    private void reconcile() {
      if (this != current) {
        return;
      }
      reconciling = true;
      reconcileAgain = false;
      if (nextReconcile != null) {
        nextReconcile.cancel();
      }
      CompletionStage<Integer> pass =
          settings.has(Safeguard.RELIST)
              ? reconciler.reconcile()
              : CompletableFuture.completedStage(0);
      pass.whenCompleteAsync(
          (differences, failure) -> {
            reconciling = false;
            if (this != current) {
              return;
            }
            if (failure != null) {
              Failures.escalateError(loop, failure);
              notReconciled("listing failed: " + Failures.message(failure));
            } else {
              reconciled(differences);
            }
          },
          loop);
    }

    /** The stream still is worth having, but what it missed is not made up for. */
    private void notReconciled(String why) {
      if (failedReconciles == 0) {
        log.warn("out of sync with containerd, trying again: {}", why);
      }
      status = status.withError(why);
      if (status.phase() == Phase.LIVE) {
        enter(Phase.RECONCILING);
      }
      nextReconcile = loop.schedule(listBackoff.delay(failedReconciles++), this::reconcileSoon);
    }

    private void reconciled(int differences) {
      failedReconciles = 0;
      if (status.phase() == Phase.RECONCILING) {
        goLive(differences);
      } else if (differences > 0) {
        counters.reconcileDifferences.add(differences);
        log.info("reconcile: {} containers differed from their records", differences);
      }
      nextReconcile =
          loop.schedule(
              reconcileAgain ? Duration.ZERO : settings.reconcileInterval(), this::reconcileSoon);
    }

    private void goLive(int differences) {
      failedAttempts = 0;
      store.complete();
      enter(Phase.LIVE);
      log.info(
          "in sync with containerd {}; {} containers were inspected",
          status.runtimeVersion(),
          differences);
      if (!wentLive) {
        wentLive = true;
        status = liveConnections++ == 0 ? status : status.reconnected();
      }
    }

    void fail(String why) {
      if (this != current) {
        return;
      }
      close();
      current = null;
      if (proven) {
        log.warn("lost containerd, reconnecting: {}", why);
      } else if (failedAttempts == 0) {
        log.warn("cannot follow containerd yet, trying for ever: {}", why);
      }
      status = status.withError(why);
      enter(Phase.DISCONNECTED);
      loop.schedule(backoff.delay(failedAttempts++), EventSubscription.this::connect);
    }

    void close() {
      probe.stop();
      if (nextReconcile != null) {
        nextReconcile.cancel();
      }
      if (stream != null) {
        stream.close();
      }
    }
  }
}
