package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.Run;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that was learned about one container. An answer carries the observation for whose sake
 * the question was put, and the run that was recorded then.
 */
public sealed interface Observation {

  /** The runtime, or an exit watch, reports that something happened. */
  record Event(ContainerEvent.OfContainer event) implements Observation {

    /** The exit of an init process, if it reports one. */
    public ContainerEvent.@Nullable Exited exit() {
      if (event instanceof ContainerEvent.TaskDeleted(var id, long pid, Exit exit)
          && exit != null) {
        return new ContainerEvent.Exited(id, id.id(), pid, exit);
      }
      return event instanceof ContainerEvent.Exited exited && exited.ofInitProcess()
          ? exited
          : null;
    }

    /**
     * The exit that an answer of the runtime tells; null if it tells none. It is one like any
     * other, for the task may be gone before it can be asked about again.
     */
    public static @Nullable Event ofStopped(TaskInfo task) {
      Instant exitedAt = task.exitedAt();
      if (task.status() != TaskInfo.Status.STOPPED || task.pid() == 0 || exitedAt == null) {
        return null;
      }
      Exit exit = new Exit(task.exitStatus(), exitedAt, ExitSource.LISTED);
      return new Event(new ContainerEvent.Exited(task.id(), task.id().id(), task.pid(), exit));
    }
  }

  /** The same, for which nothing was known of its container before; events come in any order. */
  record LateEvent(ContainerEvent.OfContainer event) implements Observation {}

  /** An event that does not follow from the record, and is held against the runtime. */
  record Doubtful(Observation event) implements Observation {}

  /** The record is to be compared with what the runtime says. */
  record Inspect() implements Observation {}

  /**
   * A container of the CRI plugin may have failed to start, which no event reports.
   *
   * @param attempt counts from 0
   */
  record StartDue(int attempt) implements Observation {

    /** Of a container that was inspected just now, and after which none follows. */
    public static final StartDue AFTER_INSPECTION = new StartDue(Effect.AwaitStart.MAX_ATTEMPTS);
  }

  /** Events that were late when a record was made from events have come by now. */
  record LateEventsDue() implements Observation {}

  /** A Delete has held an exit back for long enough; of the one observed then. */
  record FinalizeDue(Instant observedAt) implements Observation {}

  /** The container's metadata was read. */
  record ContainerRead(ContainerInfo info, Observation cause) implements Observation {}

  /** The runtime has no such container. */
  record ContainerGone(Observation cause) implements Observation {}

  /**
   * The task was read.
   *
   * @param startedAt when the kernel made its process; where it does not know, when it was asked
   *     for
   * @param bundle empty when unknown
   * @param verified whether the container was read again after the task
   */
  record TaskRead(
      TaskInfo task,
      Instant startedAt,
      String bundle,
      Run asked,
      Observation cause,
      boolean verified)
      implements Observation {

    /** The kernel dates a process to the hundredth of a second before. */
    static final Duration TICK = Duration.ofMillis(10);

    /** One of which it is not known whether the container was still the recorded one. */
    public TaskRead(TaskInfo task, Instant startedAt, String bundle, Run asked, Observation cause) {
      this(task, startedAt, bundle, asked, cause, false);
    }

    /** By how much it may have been made later than is said. */
    Duration inexact() {
      return processLives() ? TICK : Duration.ZERO;
    }

    /** Whether the kernel says so: a task without a container can be listed long after its end. */
    boolean processLives() {
      return task.pid() != 0 && !bundle.isEmpty();
    }

    TaskRead withAsked(Run newAsked) {
      return new TaskRead(task, startedAt, bundle, newAsked, cause, verified);
    }

    TaskRead asVerified() {
      return new TaskRead(task, startedAt, bundle, asked, cause, true);
    }
  }

  /**
   * The same by a list.
   *
   * @param containerCreatedAt of the container that was listed with it; of one that was not listed,
   *     that was recorded when the list was asked for; null when none was
   */
  record Listed(TaskRead read, @Nullable Instant containerCreatedAt) implements Observation {

    /** Whether it is of this container, as far as its creation tells. */
    boolean isOfCreation(ContainerInfo info) {
      return Objects.equals(info.createdAt(), containerCreatedAt);
    }

    /** Whether it is this container's task: containers and tasks are listed one after the other. */
    boolean isOf(ContainerInfo info) {
      Instant createdAt = info.createdAt();
      return createdAt != null
          && isOfCreation(info)
          && !read.startedAt().plus(read.inexact()).isBefore(createdAt);
    }
  }

  /** A task of another run than the recorded one was read; whose it is the container says. */
  record OtherRunRead(TaskRead read) implements Observation {}

  /** The runtime has no such task, or its shim is gone. */
  record TaskGone(Run asked, Observation cause) implements Observation {}

  /** A run that is over was asked for, and is remembered. */
  record PastRunRead(PastRun past, Run asked) implements Observation {}

  /**
   * Nobody remembers it.
   *
   * @param waited whether its exit had the time to be reported
   */
  record PastRunUnknown(Run asked, boolean waited) implements Observation {}

  /** Whether the init process of the run is still there, and its shim's child. */
  record ProcessRead(boolean alive, Run asked, Observation cause) implements Observation {}

  /** The exit of the run was reported, or not within the time that was waited for it. */
  record ExitAwaited(Run asked, Observation cause) implements Observation {}

  /**
   * The task may be deleted now: the exit is on disk, and others had their turn.
   *
   * @param waiting how much waited behind it when the task was last read for it, for something else
   *     may be there by now; 0 when it was not
   */
  record DeleteDue(Run asked, int waiting) implements Observation {}

  /** The task is deleted, or there was none. */
  record Deleted(Run asked) implements Observation {}

  record DeleteFailed(Run asked, RuntimeFailure failure) implements Observation {}
}
