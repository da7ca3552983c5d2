package io.statebridge.simulator;

import com.google.protobuf.Message;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.events.ContainerCreate;
import io.statebridge.proto.containerd.events.ContainerDelete;
import io.statebridge.proto.containerd.events.TaskCreate;
import io.statebridge.proto.containerd.events.TaskDelete;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.TaskOOM;
import io.statebridge.proto.containerd.events.TaskPaused;
import io.statebridge.proto.containerd.events.TaskResumed;
import io.statebridge.proto.containerd.events.TaskStart;
import io.statebridge.proto.containerd.types.Status;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The containers and tasks of the node, which outlive containerd. What happens and its event are
 * one step, so that events come in the order of what they tell; while containerd is down they are
 * lost. Thread-safe.
 */
final class Node {

  /** Above what a kernel hands out: these are nobody's. */
  private static final int FIRST_PID = 5_000_000;

  /** What containerd makes up for a process whose shim died. */
  private static final int FABRICATED_CODE = 137;

  /** Waits for a task's end. Called without any lock, once. */
  interface Waiter {
    void ended(SimulatedTask task);

    /** The task went, and nobody can tell how it ended. */
    void lost();
  }

  private final EventBroker events;
  private final Shims shims;

  // Guarded by this.
  private final TreeSet<String> namespaces = new TreeSet<>();
  private final Map<Key, Container> containers = new LinkedHashMap<>();
  private final Map<Key, SimulatedTask> tasks = new LinkedHashMap<>();
  private final Map<Key, List<Waiter>> waiting = new HashMap<>();
  private int lastPid = FIRST_PID;
  private boolean containerdIsUp = true;

  /**
   * @param directory of the shims' sockets and of the tasks' bundles
   */
  Node(EventBroker events, Path directory, Calls calls) {
    this.events = events;
    this.shims = new Shims(directory, this, calls);
  }

  Shims shims() {
    return shims;
  }

  synchronized void containerdIsUp(boolean up) {
    containerdIsUp = up;
  }

  /** What containerd from 1.7 on does at its start: a shim without a running process is leaked. */
  synchronized void forgetEndedTasks() {
    List<Key> ended =
        tasks.values().stream().filter(SimulatedTask::hasEnded).map(SimulatedTask::key).toList();
    ended.forEach(
        key -> {
          tasks.remove(key);
          shims.removeTask(key);
        });
  }

  synchronized List<String> namespaces() {
    return List.copyOf(namespaces);
  }

  synchronized void createNamespace(String namespace) {
    namespaces.add(namespace);
  }

  synchronized Container createContainer(String namespace, Container asked) {
    Key key = new Key(namespace, asked.getId());
    if (containers.containsKey(key)) {
      throw io.grpc.Status.ALREADY_EXISTS
          .withDescription("container \"" + key.id() + "\": already exists")
          .asRuntimeException();
    }
    Container container =
        asked.toBuilder()
            .setCreatedAt(Timestamps.of(Instant.now()))
            .setUpdatedAt(Timestamps.of(Instant.now()))
            .build();
    namespaces.add(namespace);
    containers.put(key, container);
    publish(
        key,
        "/containers/create",
        ContainerCreate.newBuilder()
            .setId(key.id())
            .setImage(container.getImage())
            .setRuntime(
                ContainerCreate.Runtime.newBuilder().setName(container.getRuntime().getName()))
            .build());
    return container;
  }

  synchronized Optional<Container> container(Key key) {
    return Optional.ofNullable(containers.get(key));
  }

  synchronized List<Container> containers(String namespace) {
    return select(containers, namespace);
  }

  synchronized boolean deleteContainer(Key key) {
    boolean existed = containers.remove(key) != null;
    if (existed) {
      publish(key, "/containers/delete", ContainerDelete.newBuilder().setId(key.id()).build());
    }
    return existed;
  }

  synchronized Optional<SimulatedTask> task(Key key) {
    return Optional.ofNullable(tasks.get(key));
  }

  synchronized List<SimulatedTask> tasks(String namespace) {
    return select(tasks, namespace);
  }

  synchronized SimulatedTask createTask(Key key) {
    if (!containers.containsKey(key)) {
      throw new NoSuchElementException("no container " + key);
    }
    if (tasks.containsKey(key)) {
      throw new IllegalStateException("there is a task of " + key + " already");
    }
    SimulatedTask task = SimulatedTask.created(key, ++lastPid);
    tasks.put(key, task);
    publish(
        key,
        "/tasks/create",
        TaskCreate.newBuilder()
            .setContainerId(key.id())
            .setBundle(shims.start(key, podOf(key)).toString())
            .setPid(task.pid())
            .build());
    return task;
  }

  synchronized SimulatedTask startTask(Key key) {
    SimulatedTask task = existing(key).with(Status.RUNNING);
    tasks.put(key, task);
    publish(
        key,
        "/tasks/start",
        TaskStart.newBuilder().setContainerId(key.id()).setPid(task.pid()).build());
    return task;
  }

  synchronized void setPaused(Key key, boolean paused) {
    tasks.put(key, existing(key).with(paused ? Status.PAUSED : Status.RUNNING));
    publish(
        key,
        paused ? "/tasks/paused" : "/tasks/resumed",
        paused
            ? TaskPaused.newBuilder().setContainerId(key.id()).build()
            : TaskResumed.newBuilder().setContainerId(key.id()).build());
  }

  /** The init process ends; whether anybody is told is another matter. */
  Instant exit(Key key, int code, boolean tell) {
    SimulatedTask ended;
    List<Waiter> waiters;
    Instant at;
    synchronized (this) {
      SimulatedTask task = existing(key);
      if (task.hasEnded()) {
        throw new IllegalStateException("the task of " + key + " has ended already");
      }
      at = Instant.now();
      ended = task.stopped(code, at);
      tasks.put(key, ended);
      if (tell) {
        publish(key, "/tasks/exit", exitOf(key.id(), key.id(), ended.pid(), code, at));
      }
      waiters = removeWaiting(key);
    }
    waiters.forEach(waiter -> waiter.ended(ended));
    return at;
  }

  synchronized void execExit(Key key, String execId, int pid, int code) {
    publish(key, "/tasks/exit", exitOf(key.id(), execId, pid, code, Instant.now()));
  }

  synchronized void outOfMemory(Key key) {
    publish(key, "/tasks/oom", TaskOOM.newBuilder().setContainerId(key.id()).build());
  }

  /**
   * The shim dies, and containerd, if it is up, notices: it forgets the shim's tasks and makes an
   * exit up, for this one only.
   */
  void shimDied(Key key, int pidInEvent) {
    List<Waiter> waiters = new ArrayList<>();
    synchronized (this) {
      SimulatedTask task = existing(key);
      for (Key each : shims.tasksBeside(key)) {
        tasks.remove(each);
        shims.removeTask(each);
        waiters.addAll(removeWaiting(each));
      }
      Instant now = Instant.now();
      publish(key, "/tasks/exit", exitOf(key.id(), key.id(), pidInEvent, FABRICATED_CODE, now));
      publishDeleted(task.stopped(FABRICATED_CODE, now));
    }
    waiters.forEach(Waiter::lost);
  }

  /** Removes a task, whatever its status: the caller has checked. */
  void removeTask(SimulatedTask task) {
    List<Waiter> waiters;
    synchronized (this) {
      if (!tasks.remove(task.key(), task)) {
        return;
      }
      shims.removeTask(task.key());
      waiters = removeWaiting(task.key());
      publishDeleted(task);
    }
    waiters.forEach(Waiter::lost);
  }

  /** Calls back when the task has ended; at once if it has. False when there is no task. */
  boolean whenEnded(Key key, Waiter waiter) {
    SimulatedTask task;
    synchronized (this) {
      task = tasks.get(key);
      if (task == null) {
        return false;
      }
      if (!task.hasEnded()) {
        waiting.computeIfAbsent(key, k -> new ArrayList<>()).add(waiter);
        return true;
      }
    }
    waiter.ended(task);
    return true;
  }

  private void publishDeleted(SimulatedTask task) {
    publish(
        task.key(),
        "/tasks/delete",
        TaskDelete.newBuilder()
            .setContainerId(task.key().id())
            .setPid(task.pid())
            .setExitStatus(task.exitStatus())
            .setExitedAt(Timestamps.of(task.exitedAt()))
            .build());
  }

  private void publish(Key key, String topic, Message event) {
    if (containerdIsUp) {
      events.publish(key.namespace(), topic, event);
    }
  }

  private static TaskExit exitOf(String containerId, String id, int pid, int code, Instant at) {
    return TaskExit.newBuilder()
        .setContainerId(containerId)
        .setId(id)
        .setPid(pid)
        .setExitStatus(code)
        .setExitedAt(Timestamps.of(at))
        .build();
  }

  private SimulatedTask existing(Key key) {
    @Nullable SimulatedTask task = tasks.get(key);
    if (task == null) {
      throw new NoSuchElementException("no task of " + key);
    }
    return task;
  }

  /** Containers of a pod share the shim of its sandbox. */
  private Key podOf(Key key) {
    Container container = containers.get(key);
    String sandbox = container == null ? "" : container.getSandbox();
    return sandbox.isEmpty() ? key : new Key(key.namespace(), sandbox);
  }

  private List<Waiter> removeWaiting(Key key) {
    List<Waiter> waiters = waiting.remove(key);
    return waiters == null ? List.of() : waiters;
  }

  private static <T> List<T> select(Map<Key, T> all, String namespace) {
    return all.entrySet().stream()
        .filter(entry -> entry.getKey().namespace().equals(namespace))
        .map(Map.Entry::getValue)
        .toList();
  }
}
