package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.Malformed;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerEvent.TaskResumed;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerEvent.Unrecognised;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ContainerRuntime.EventStream;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import java.time.Duration;
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
 * <p>Routes every event to its handler, by way of its container's lane. Loop only, but for {@link
 * #status}.
 */
final class EventSubscription {

  private static final Logger log = LoggerFactory.getLogger(EventSubscription.class);

  private final SyncLoop loop;
  private final ContainerRuntime runtime;
  private final Dispatcher dispatcher;
  private final ExitHandler exits;
  private final StateHandler states;
  private final Reconciler reconciler;
  private final DeletePolicy policy;
  private final Counters counters;
  private final Backoff backoff;
  private final Duration reconcileInterval;
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
   * @param probeTopic a topic that nobody else publishes on
   * @param reconcileInterval how often the list is compared while live
   */
  EventSubscription(
      SyncLoop loop,
      ContainerRuntime runtime,
      Dispatcher dispatcher,
      ExitHandler exits,
      StateHandler states,
      Reconciler reconciler,
      DeletePolicy policy,
      Counters counters,
      Backoff backoff,
      Duration reconcileInterval,
      String probeTopic) {
    this.loop = loop;
    this.runtime = runtime;
    this.dispatcher = dispatcher;
    this.exits = exits;
    this.states = states;
    this.reconciler = reconciler;
    this.policy = policy;
    this.counters = counters;
    this.backoff = backoff;
    this.reconcileInterval = reconcileInterval;
    this.probeTopic = probeTopic;
    this.status = SyncStatus.initial(loop.now());
  }

  /** How the connection is doing. Any thread. */
  SyncStatus status() {
    return status;
  }

  void connect() {
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

  /** Every event has its place here; a new kind of event does not compile until it has one, too. */
  private void route(ContainerEvent event) {
    switch (event) {
      case Exited e -> exited(e);
      case TaskCreated e -> inLane(e.id(), () -> states.taskCreated(e));
      case TaskStarted e -> inLane(e.id(), () -> states.taskStarted(e));
      case TaskPaused e -> inLane(e.id(), () -> states.paused(e.id(), true));
      case TaskResumed e -> inLane(e.id(), () -> states.paused(e.id(), false));
      case TaskDeleted e -> inLane(e.id(), () -> states.taskDeleted(e));
      case ContainerChanged e ->
          inLane(
              e.id(),
              () ->
                  states
                      .containerChanged(e.id())
                      .thenRun(() -> states.unknownSandbox(e.id()).ifPresent(this::doubt)));
      case ContainerDeleted e -> inLane(e.id(), () -> states.containerDeleted(e.id()));
      case OutOfMemory e -> {
        counters.oomEvents.increment();
        log.info("{}: out of memory, says the runtime; that changes no state", e.id());
      }
      case Unrecognised e -> counters.unrecognisedEvents.increment();
      case Malformed e -> {
        counters.malformedEvents.increment();
        log.warn("cannot read an event of {} ({}): {}", e.topic(), e.type(), e.problem());
        if (current != null) {
          current.reconcileSoon();
        }
      }
      case Probe e -> {
        if (current != null) {
          current.probeReturned();
        }
      }
    }
  }

  /** Somebody, be it the event stream or not, says that a process ended. */
  void exited(Exited event) {
    ContainerId id = event.id();
    if (policy.follows(id.namespace()) && dispatcher.isBusy(id)) {
      exits.observe(event);
    }
    inLane(id, () -> exits.exited(event));
    exits.siblings(event).forEach(this::doubt);
  }

  /**
   * Has a container looked at in its lane, unless something goes on there already. Without a
   * connection nothing can be looked at, and all will be when there is one.
   */
  void doubt(ContainerId id) {
    if ((status.phase() == Phase.LIVE || status.phase() == Phase.RECONCILING)
        && !dispatcher.isBusy(id)) {
      inLane(id, () -> exits.inspect(id));
    }
  }

  /** Has a container looked at in its lane, whatever goes on there. */
  void look(ContainerId id, Runnable done) {
    if (policy.follows(id.namespace())) {
      dispatcher.submit(id, () -> exits.inspect(id).thenRun(done));
    } else {
      done.run();
    }
  }

  private void inLane(ContainerId id, LaneTask task) {
    if (policy.follows(id.namespace())) {
      dispatcher.submit(id, task);
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
    private boolean wentLive;
    private SyncLoop.@Nullable Timer nextReconcile;

    void subscribe() {
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
      probe.start();
    }

    private void received(ContainerEvent event) {
      if (this != current) {
        return;
      }
      probe.heard();
      if (!(event instanceof Probe)) {
        counters.events.increment();
      }
      route(event);
      if (stream != null) {
        stream.processed();
      }
    }

    void probeReturned() {
      probe.returned();
    }

    private void proven() {
      enter(Phase.RECONCILING);
      dispatcher.retryAllNow();
      reconcile();
    }

    void reconcileSoon() {
      if (reconciling) {
        reconcileAgain = true;
      } else if (probe.isProven()) {
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
      reconciler
          .reconcile(!wentLive)
          .whenCompleteAsync(
              (differences, failure) -> {
                reconciling = false;
                if (this != current) {
                  return;
                }
                if (failure != null) {
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
      nextReconcile = loop.schedule(backoff.delay(failedReconciles++), this::reconcileSoon);
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
          loop.schedule(reconcileAgain ? Duration.ZERO : reconcileInterval, this::reconcileSoon);
    }

    private void goLive(int differences) {
      failedAttempts = 0;
      enter(Phase.LIVE);
      log.info(
          "in sync with containerd {}; {} containers were looked at",
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
      if (probe.isProven()) {
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
