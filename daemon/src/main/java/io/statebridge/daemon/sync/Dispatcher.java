package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerChanged;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.ContainerDeleted;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.TaskCreated;
import io.statebridge.api.ContainerEvent.TaskDeleted;
import io.statebridge.api.ContainerEvent.TaskPaused;
import io.statebridge.api.ContainerEvent.TaskResumed;
import io.statebridge.api.ContainerEvent.TaskStarted;
import io.statebridge.api.ContainerId;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import io.statebridge.daemon.sync.lifecycle.Observation;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Routes each event of a container to its handler, and what is to be inspected to its queue. A
 * namespace that is not followed is left alone. Loop only.
 */
final class Dispatcher {

  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

  private final WorkQueue queue;
  private final LifeCycleRunner runner;
  private final ExitHandler exits;
  private final DeletePolicy policy;
  private final Counters counters;
  private final Supplier<Phase> phase;

  Dispatcher(
      WorkQueue queue,
      LifeCycleRunner runner,
      ExitHandler exits,
      DeletePolicy policy,
      Counters counters,
      Supplier<Phase> phase) {
    this.queue = queue;
    this.runner = runner;
    this.exits = exits;
    this.policy = policy;
    this.counters = counters;
    this.phase = phase;
  }

  /** A new kind of event does not compile until it has its place here. */
  void dispatch(ContainerEvent.OfContainer event) {
    if (!policy.follows(event.id().namespace())) {
      return;
    }
    switch (event) {
      case Exited exit -> exits.exited(exit).forEach(this::inspectIfIdle);
      case TaskDeleted deleted -> exits.taskDeleted(deleted);
      case OutOfMemory oom -> {
        counters.oomEvents.increment();
        log.info("{}: out of memory, says the runtime; that changes no state", oom.id());
        runner.submit(oom);
      }
      case TaskCreated _,
          TaskStarted _,
          TaskPaused _,
          TaskResumed _,
          ContainerCreated _,
          ContainerChanged _,
          ContainerDeleted _ ->
          runner.submit(event);
    }
  }

  /**
   * Inspects a container, unless something is done about it already. Without a connection nothing
   * can be inspected, and all will be when there is one.
   */
  void inspectIfIdle(ContainerId id) {
    Phase now = phase.get();
    boolean canBeAsked = now == Phase.LIVE || now == Phase.RECONCILING;
    if (canBeAsked && !queue.isBusy(id)) {
      inspect(id, new Inspect(), () -> {});
    }
  }

  /**
   * Inspects a container after all that waits in its queue.
   *
   * @param seen what it is inspected for
   * @param answered see {@link LifeCycleRunner#work}
   */
  void inspect(ContainerId id, Observation seen, Runnable answered) {
    if (!policy.follows(id.namespace())) {
      answered.run();
    } else if (seen instanceof Event exit) {
      runner.report(id, exit, answered);
    } else {
      queue.submit(id, runner.work(id, seen, answered));
    }
  }

  /**
   * Likewise.
   *
   * @param settled is run when all that follows is done, or when the runtime is away: then all
   *     containers are compared when it is back, and nothing waits here for ids that clients choose
   */
  void settle(ContainerId id, Runnable settled) {
    if (!policy.follows(id.namespace()) || phase.get() == Phase.DISCONNECTED) {
      settled.run();
      return;
    }
    WorkItem inspection = runner.work(id, new Inspect(), () -> {});
    WorkItem failedStart = runner.work(id, StartDue.AFTER_INSPECTION, () -> {});
    queue.submit(
        id,
        () ->
            inspection
                .run()
                .thenCompose(ok -> failedStart.run())
                .whenComplete(
                    (ok, failure) -> {
                      if (failure == null || Failures.isOfKind(failure, Kind.UNREACHABLE)) {
                        settled.run();
                      }
                    }));
  }
}
