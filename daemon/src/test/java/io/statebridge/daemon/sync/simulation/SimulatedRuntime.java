package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.simulation.LedgerRun.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** containerd's API as one life of the daemon has it, with everything that can go wrong. */
final class SimulatedRuntime implements ContainerRuntime {

  private static final long CALL_NANOS = 10_000_000_000L;
  private static final long LIST_NANOS = 60_000_000_000L;
  private static final long SLOW_SHIM_NANOS = 2_000_000_000L;

  private final World world;
  private final DaemonLife life;

  /** How often a connection was made or given up: a list that spans that is not looked at. */
  private int streams;

  private Lists lists = new Lists();

  SimulatedRuntime(World world, DaemonLife life) {
    this.world = world;
    this.life = life;
  }

  /** A task as an answer tells it, and the run that it is of. */
  private record Told(TaskInfo task, LedgerRun run) {}

  @Override
  public EventStream subscribe(String probeTopic, EventListener listener) {
    EventStream opened = world.events.subscribe(life, listener);
    streams++;
    return new EventStream() {
      @Override
      public void processed() {
        opened.processed();
      }

      @Override
      public void close() {
        streams++;
        opened.close();
      }
    };
  }

  @Override
  public CompletionStage<Void> publishProbe(String topic) {
    return this.<Void>call("publishProbe", null, CALL_NANOS)
        .make(
            () -> {
              world.events.probe(topic);
              return null;
            });
  }

  @Override
  public CompletionStage<String> version() {
    return this.<String>call("version", null, CALL_NANOS)
        .make(() -> world.containerd.keepsStopped ? "1.6.20" : "2.1.9");
  }

  @Override
  public CompletionStage<Boolean> criPluginLoaded() {
    return this.<Boolean>call("criPluginLoaded", null, CALL_NANOS)
        .make(() -> world.containerd.criLoaded);
  }

  /** The lists that one comparison asks for: it looks at them when it has all. */
  private final class Lists {
    private final int asked = streams;
    private final List<Told> tasks = new ArrayList<>();
    private int open;

    void toldContainers() {
      closed();
    }

    void toldTasks(List<Told> told) {
      tasks.addAll(told);
      closed();
    }

    private void closed() {
      open--;
      if (open == 0 && asked == streams && asked > 0) {
        tasks.forEach(SimulatedRuntime.this::learned);
      }
    }
  }

  @Override
  public CompletionStage<List<String>> namespaces() {
    lists = new Lists();
    return this.<List<String>>call("namespaces", null, CALL_NANOS)
        .make(() -> world.ledger.ids().stream().map(ContainerId::namespace).distinct().toList());
  }

  @Override
  public CompletionStage<List<ContainerInfo>> listContainers(String namespace) {
    Lists with = lists;
    with.open++;
    Call<List<ContainerInfo>> call = call("listContainers", null, CALL_NANOS);
    call.onTold = infos -> with.toldContainers();
    return call.make(
        () -> {
          List<ContainerInfo> infos = new ArrayList<>();
          for (ContainerId id : world.ledger.ids()) {
            LedgerContainer container = world.ledger.existing(id);
            if (container != null && id.namespace().equals(namespace)) {
              infos.add(container.info());
            }
          }
          return infos;
        });
  }

  @Override
  public CompletionStage<List<TaskInfo>> listTasks(String namespace) {
    Lists with = lists;
    with.open++;
    Call<List<Told>> call = call("listTasks", null, LIST_NANOS);
    call.onTold = with::toldTasks;
    return call.make(() -> list(namespace, call))
        .thenApply(told -> told.stream().map(Told::task).toList());
  }

  private List<Told> list(String namespace, Call<List<Told>> call) {
    List<Told> tasks = new ArrayList<>();
    for (ContainerId id : world.ledger.ids()) {
      LedgerRun run = world.ledger.task(id);
      if (run == null || !id.namespace().equals(namespace) || run.shim.dead) {
        continue;
      }
      boolean concerned = call.fault != null && concerns(call.fault, id);
      if (run.shim.hangs(world.time.nowNanos()) || (concerned && call.is(CallFault.OMITTED))) {
        continue;
      }
      tasks.add(
          new Told(concerned && call.is(CallFault.UNKNOWN_STATUS) ? unknown(id) : info(run), run));
    }
    return tasks;
  }

  private boolean concerns(Step step, ContainerId id) {
    LedgerContainer current = world.node.current(step.slot());
    return current == null || current.id.equals(id);
  }

  @Override
  public CompletionStage<ContainerInfo> getContainer(ContainerId id) {
    Call<ContainerInfo> call = call("getContainer", id, CALL_NANOS);
    call.onTold = this::learned;
    return call.make(() -> existing(world.ledger.existing(id)).info());
  }

  @Override
  public CompletionStage<TaskInfo> getTask(ContainerId id) {
    Call<Told> call = call("getTask", id, CALL_NANOS);
    call.onTold = this::learned;
    return call.make(
            () -> {
              LedgerRun run = task(id);
              if (run.shim.hangs(world.time.nowNanos())) {
                if (world.containerd.keepsStopped) {
                  call.extraNanos = SLOW_SHIM_NANOS;
                  return new Told(unknown(id), run);
                }
                throw call.timeout();
              }
              return new Told(call.is(CallFault.UNKNOWN_STATUS) ? unknown(id) : info(run), run);
            })
        .thenApply(Told::task);
  }

  private void learned(ContainerInfo info) {
    LedgerContainer container = world.ledger.created(info.id(), info.createdAt());
    Objects.requireNonNull(container).announced = true;
  }

  private void learned(Told told) {
    if (told.task.status() != Status.UNKNOWN) {
      world.oracle.knows(told.run, told.task.status() != Status.CREATED);
    }
    if (told.task.status() == Status.STOPPED) {
      world.oracle.told(told.run, "an answer");
    }
  }

  @Override
  public CompletionStage<PastRun> pastRun(ContainerId id) {
    Call<LedgerRun> call = call("pastRun", id, CALL_NANOS);
    call.onTold = run -> world.oracle.told(run, "the CRI plugin");
    return call.make(
            () -> {
              LedgerContainer container = existing(world.ledger.existing(id));
              return existing(world.containerd.criLoaded ? container.criEnd : null);
            })
        .thenApply(
            run -> new PastRun(run.startedAt, Objects.requireNonNull(run.exit(ExitSource.CRI))));
  }

  @Override
  public CompletionStage<Void> deleteTask(ContainerId id) {
    LedgerRun knownThen = world.oracle.deleteCalled(life, id);
    return this.<Void>call("deleteTask", id, CALL_NANOS)
        .make(
            () -> {
              LedgerRun run = task(id);
              if (run.shim.hangs(world.time.nowNanos())) {
                throw new RuntimeFailure(Kind.TRANSIENT, "the shim does not answer");
              }
              if (run.phase == Phase.RUNNING || run.phase == Phase.PAUSED) {
                throw new RuntimeFailure(Kind.TRANSIENT, "cannot delete a running process");
              }
              if (run.phase == Phase.CREATED) {
                world.oracle.destroyed(run, knownThen);
              }
              world.node.delete(run);
              return null;
            });
  }

  private LedgerRun task(ContainerId id) {
    existing(world.ledger.existing(id));
    LedgerRun run = existing(world.ledger.task(id));
    return existing(run.shim.dead ? null : run);
  }

  private static TaskInfo info(LedgerRun run) {
    Status status =
        switch (run.phase) {
          case CREATED -> Status.CREATED;
          case RUNNING -> Status.RUNNING;
          case PAUSED -> Status.PAUSED;
          case ENDED -> Status.STOPPED;
        };
    return new TaskInfo(run.id(), status, run.pid, run.code, run.exitedAt);
  }

  private static TaskInfo unknown(ContainerId id) {
    return new TaskInfo(id, Status.UNKNOWN, 0, 0, null);
  }

  private static <T> T existing(@Nullable T found) {
    if (found == null) {
      throw new RuntimeFailure(Kind.NOT_FOUND, "not found");
    }
    return found;
  }

  private <T extends @Nullable Object> Call<T> call(
      String name, @Nullable ContainerId id, long deadlineNanos) {
    return new Call<>(world, life, name, id, deadlineNanos);
  }
}
