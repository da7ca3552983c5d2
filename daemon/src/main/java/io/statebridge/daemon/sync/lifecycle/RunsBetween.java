package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.ReadTask;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs that came and went between the one that is recorded and the one that a step would record:
 * their exits wait in the queue, and would be an earlier run's once the record had gone on.
 */
record RunsBetween(ContainerRecord now, Context context) {

  /** The step, or that to the first run between. */
  Step before(Step step, Observation seen) {
    ContainerRecord after = step.after();
    boolean over = now.run() instanceof None || now.run() instanceof Ended;
    // Exits under an orphan's id may be those of the container that has it now.
    if (!over || now.orphaned() || after == null || isSameRun(after.run())) {
      return step;
    }
    Exited first = first(after.run(), seen);
    if (first == null) {
      return seen instanceof TaskRead read && isTooOld(read)
          ? Step.of(now, new ReadTask(now.run(), read.cause()))
          : step;
    }
    Exits exits = new Exits(now, context);
    Exit exit = exits.judged(first);
    long last = now.run().lastPid();
    boolean notedOfIt = last == 0 || last == first.pid();
    Ended ended = new Ended(first.pid(), null, notedOfIt ? exits.refined(exit) : exit, false);
    return Step.of(now.withRun(ended), new Continue(again(seen, ended)));
  }

  private boolean isSameRun(Run next) {
    return next instanceof None
        || next.equals(now.run())
        || (next.pid() == now.run().pid() && next.pid() != 0);
  }

  private static Observation again(Observation seen, Run recorded) {
    return switch (seen) {
      case TaskRead read -> read.withAsked(recorded);
      case TaskGone gone -> new TaskGone(recorded, gone.cause());
      default -> seen;
    };
  }

  private @Nullable Exited first(Run next, Observation seen) {
    Exited own = ofTheTaskGivenUp(next);
    if (own != null) {
      return own;
    }
    Instant until = until(next, seen);
    return others(next.pid())
        .filter(
            exited -> until == null || context.clock().isBefore(exited.exit().exitedAt(), until))
        .min(Comparator.comparing(exited -> exited.exit().exitedAt()))
        .orElse(null);
  }

  /** The exits that wait and are of other runs, after the one that is recorded. */
  private Stream<Exited> others(long pid) {
    return context
        .exits()
        .filter(exited -> exited.pid() != pid)
        .filter(exited -> !ContainerEvent.isSentinel(exited.pid()))
        .filter(exited -> !Exits.isEndOf(now, exited.pid(), exited.exit()))
        .filter(exited -> !context.predecessors().endedBy(exited))
        .filter(exited -> new Exits(now, context).isOfLaterRun(exited.exit()));
  }

  /**
   * A task that lives, and nobody knows since when: all that is known is that it did so after it
   * was asked for. Whether a run that has ended since then came before it or after says another
   * answer.
   */
  private boolean isTooOld(TaskRead read) {
    boolean lives =
        switch (read.task().status()) {
          case CREATED, RUNNING, PAUSED -> !read.processLives();
          case STOPPED, UNKNOWN -> false;
        };
    return lives
        && context.exits().noneMatch(exited -> exited.pid() == read.task().pid())
        && others(read.task().pid())
            .map(exited -> exited.exit().exitedAt())
            .anyMatch(at -> !at.isBefore(read.startedAt()) && at.isBefore(context.now()));
  }

  /**
   * Of the task that was called gone without an end: whose it is the pid says, whatever the clock.
   */
  private @Nullable Exited ofTheTaskGivenUp(Run next) {
    return now.run() instanceof None none && none.lastPid() != next.pid()
        ? context.exits().filter(exited -> Exits.isOf(none, exited)).findFirst().orElse(null)
        : null;
  }

  /**
   * The end of the next run, or the earliest date that is known of it: what ended later came after.
   */
  private @Nullable Instant until(Run next, Observation seen) {
    Stream<Instant> own =
        context
            .exits()
            .filter(exited -> exited.pid() == next.pid())
            .map(exited -> exited.exit().exitedAt());
    Stream<Instant> told =
        seen instanceof TaskRead read ? Stream.ofNullable(read.task().exitedAt()) : Stream.of();
    Stream<Instant> begun =
        seen instanceof TaskRead read
            ? dates(next).map(at -> at.plus(read.inexact()))
            : dates(next);
    return Stream.concat(own, told)
        .min(Comparator.naturalOrder())
        .or(() -> begun.min(Comparator.naturalOrder()))
        .orElse(null);
  }

  private static Stream<Instant> dates(Run run) {
    return switch (run) {
      case None _ -> Stream.of();
      case Created created -> Stream.ofNullable(created.taskCreatedAt());
      case Running running ->
          Stream.concat(Stream.ofNullable(running.taskCreatedAt()), Stream.of(running.startedAt()));
      case WithoutProcess running -> Stream.of(running.startedAt());
      case Ending(Live live, var pending) ->
          Stream.concat(dates(live), Stream.of(pending.exit().exitedAt()));
      case Ended ended ->
          Stream.concat(Stream.ofNullable(ended.startedAt()), Stream.of(ended.exit().exitedAt()));
    };
  }
}
