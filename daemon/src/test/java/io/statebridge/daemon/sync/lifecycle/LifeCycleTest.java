package io.statebridge.daemon.sync.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.Run.Running;
import io.statebridge.api.Run.WithoutProcess;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.TaskInfo;
import io.statebridge.daemon.sync.lifecycle.Effect.Call;
import io.statebridge.daemon.sync.lifecycle.Effect.Continue;
import io.statebridge.daemon.sync.lifecycle.Effect.DeleteTask;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerGone;
import io.statebridge.daemon.sync.lifecycle.Observation.ContainerRead;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteDue;
import io.statebridge.daemon.sync.lifecycle.Observation.DeleteFailed;
import io.statebridge.daemon.sync.lifecycle.Observation.Deleted;
import io.statebridge.daemon.sync.lifecycle.Observation.Doubtful;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import io.statebridge.daemon.sync.lifecycle.Observation.ExitAwaited;
import io.statebridge.daemon.sync.lifecycle.Observation.FinalizeDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Inspect;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEvent;
import io.statebridge.daemon.sync.lifecycle.Observation.LateEventsDue;
import io.statebridge.daemon.sync.lifecycle.Observation.Listed;
import io.statebridge.daemon.sync.lifecycle.Observation.OtherRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunRead;
import io.statebridge.daemon.sync.lifecycle.Observation.PastRunUnknown;
import io.statebridge.daemon.sync.lifecycle.Observation.ProcessRead;
import io.statebridge.daemon.sync.lifecycle.Observation.StartDue;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskGone;
import io.statebridge.daemon.sync.lifecycle.Observation.TaskRead;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What holds for every step: each record in turn observes everything that can be observed. */
class LifeCycleTest {

  private static final ContainerId ID = new ContainerId("bars", "web");
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant T1 = T0.plusSeconds(1);
  private static final Instant T2 = T0.plusSeconds(2);
  private static final Instant T3 = T0.plusSeconds(3);
  private static final ClockSteps STEPPED =
      ClockSteps.NONE.read(T3, Duration.ZERO, Duration.ZERO, T1);
  private static final List<Instant> TIMES = List.of(T0.minusSeconds(9), T1, T2, T3);
  private static final List<Long> PIDS = List.of(0L, 7L, 8L, 0xFFFF_FFFFL);
  private static final Run ANOTHER_RUN = new Running(8, T2, T2, false);
  private static final List<Event> WAITING =
      List.of(new Event(new Exited(ID, "web", 9, new Exit(3, T3, ExitSource.SHIM))));
  private static final Exit SEVEN = new Exit(7, T2, ExitSource.EVENT);

  /** No more than this can follow from one observation without asking anybody. */
  private static final int LONGEST_CHAIN = 8;

  private record Case(@Nullable ContainerRecord now, Observation seen, Context context) {
    Step step() {
      return LifeCycle.on(now, seen, context);
    }
  }

  @Test
  void aCallIsTheLastEffectAndTheOnlyOne() {
    forEachCase(
        c -> {
          List<Effect> effects = c.step().effects();
          long calls = effects.stream().filter(Call.class::isInstance).count();
          return calls == 0 || (calls == 1 && effects.getLast() instanceof Call);
        });
  }

  @Test
  void aRecordedExitIsLeftOnlyForAnotherRunOrARemoval() {
    forEachCase(
        c -> {
          ContainerRecord after = c.step().after();
          if (c.now() == null || !(c.now().run() instanceof Ended before) || after == null) {
            return true;
          }
          if (after.run() instanceof Ended ended) {
            boolean refined =
                ended.exit().withReason("").equals(before.exit().withReason(""))
                    || before.exit().isUnseen()
                    || before.startedAt() == null;
            return ended.pid() == before.pid() ? refined : ended.startedAt() == null;
          }
          boolean runtimeSaysSo = c.seen() instanceof TaskRead;
          return runtimeSaysSo || after.run().pid() != before.pid();
        });
  }

  @Test
  void aPendingExitIsRecordedBeforeTheRecordGoesOn() {
    forEachCase(
        c -> {
          if (c.now() == null || !(c.now().run() instanceof Ending before)) {
            return true;
          }
          ContainerRecord after = c.step().after();
          return after != null
              && (after.run() instanceof Ending || after.run() instanceof Ended)
              && after.run().pid() == before.pid();
        });
  }

  @Test
  void aRunningProcessGoesOverToNothingButItsEnd() {
    forEachCase(
        c -> {
          if (c.now() == null || !(c.now().run() instanceof Running before)) {
            return true;
          }
          ContainerRecord after = c.step().after();
          return after != null
              && after.run().pid() == before.pid()
              && !(after.run() instanceof Created);
        });
  }

  @Test
  void anAnswerAboutAnotherRunThanTheRecordedOneChangesNothing() {
    forEachCase(
        c -> {
          Run asked =
              switch (c.seen()) {
                // The end of the process that is recorded is no less true.
                case TaskRead read when isEndOfRecorded(read, c.now()) -> null;
                case TaskRead read -> read.asked();
                case TaskGone gone -> gone.asked();
                case PastRunUnknown past -> past.asked();
                default -> null;
              };
          return asked == null
              || c.now() == null
              || asked.equals(c.now().run())
              || c.now().equals(c.step().after());
        });
  }

  private static boolean isEndOfRecorded(TaskRead read, @Nullable ContainerRecord now) {
    return now != null
        && now.isLive()
        && read.task().status() == TaskInfo.Status.STOPPED
        && read.task().pid() == now.run().pid();
  }

  @Test
  void aTaskIsDeletedOnlyWhereThatIsOursToDoAndItsExitIsKnown() {
    forEachCase(
        c ->
            c.step().effects().stream().noneMatch(DeleteTask.class::isInstance)
                || (c.context().deletes()
                    && c.now() != null
                    && (c.now().pendingExit() != null || c.now().cleanupPending())));
  }

  @Test
  void outOfMemoryChangesNothingBeforeTheExit() {
    forEachCase(
        c ->
            !(c.seen() instanceof Event(OutOfMemory _))
                || c.now() == null
                || c.now().knownExit() != null
                || (c.now().equals(c.step().after())
                    && c.step().effects().stream().noneMatch(Call.class::isInstance)));
  }

  @Test
  void whatFollowsWithoutAskingComesToAnEnd() {
    forEachCase(
        c -> {
          Step step = c.step();
          for (int i = 0; i < LONGEST_CHAIN; i++) {
            if (step.effects().isEmpty()
                || !(step.effects().getLast() instanceof Continue(Observation next))) {
              return true;
            }
            step = LifeCycle.on(step.after(), next, c.context());
          }
          return false;
        });
  }

  @Test
  void aStartIsNeverAfterTheEnd() {
    forEachCase(
        c -> {
          ContainerRecord after = c.step().after();
          return after == null
              || !(after.run() instanceof Ended ended)
              || ended.startedAt() == null
              || !ended.startedAt().isAfter(ended.exit().exitedAt());
        });
  }

  private static void forEachCase(Predicate<Case> holds) {
    List<Case> broken = new ArrayList<>();
    int cases = 0;
    for (Context context : contexts()) {
      for (Run run : runs()) {
        for (Observation seen : observations(List.of(run, ANOTHER_RUN))) {
          for (ContainerRecord now : records(run)) {
            Case c = new Case(now, seen, context);
            cases++;
            if (!holds.test(c)) {
              broken.add(c);
            }
          }
        }
      }
      for (Observation seen : observations(List.of(ANOTHER_RUN))) {
        Case c = new Case(null, seen, context);
        cases++;
        if (!holds.test(c)) {
          broken.add(c);
        }
      }
    }
    assertThat(cases).isGreaterThan(100_000);
    assertThat(broken.stream().limit(3)).as("of %d cases", cases).isEmpty();
  }

  private static List<ContainerRecord> records(Run run) {
    ContainerRecord ordinary = new ContainerRecord(info(T0, ""), "/bundle", run, false);
    return List.of(
        ordinary,
        ordinary.withOrphaned(true),
        ordinary.withInfo(info(T0, "{}")),
        ordinary.withInfo(info(null, "")));
  }

  private static ContainerInfo info(@Nullable Instant createdAt, String criMetadata) {
    return new ContainerInfo(ID, "image", "runc", Map.of(), "pod", createdAt, criMetadata, "");
  }

  private static List<Context> contexts() {
    List<Context> contexts = new ArrayList<>();
    ContainerRecord removed =
        ContainerRecord.of(info(T0, "")).withRun(new Ended(7, T1, SEVEN, false));
    ContainerRecord unseen = removed.withRun(new Ended(7, T1, Exit.unseen(T3), false));
    for (boolean deletes : new boolean[] {true, false}) {
      contexts.add(
          new Context(
              T3,
              deletes,
              false,
              false,
              0,
              List.of(),
              false,
              false,
              ClockSteps.NONE,
              Predecessors.NONE,
              Set.of()));
      contexts.add(
          new Context(
              T3, deletes, true, true, 2, WAITING, true, false, STEPPED, of(removed), Set.of()));
      contexts.add(
          new Context(
              T3,
              deletes,
              false,
              true,
              0,
              List.of(),
              false,
              true,
              ClockSteps.NONE,
              of(unseen),
              Set.of()));
    }
    return contexts;
  }

  private static Predecessors of(ContainerRecord removed) {
    return new Predecessors(List.of(removed));
  }

  private static List<Run> runs() {
    List<Live> live =
        List.of(
            new Created(7, T1),
            new Created(7, null),
            new Running(7, T1, T1, false),
            new Running(7, null, T1, true),
            new WithoutProcess(T1, false));
    List<Run> runs = new ArrayList<>(live);
    runs.add(None.NONE);
    for (Live one : live) {
      runs.add(new Ending(one, PendingExit.of(SEVEN, T3)));
      runs.add(new Ending(one, PendingExit.of(Exit.unseen(T3), T3)));
    }
    for (long pid : new long[] {0, 7}) {
      runs.add(new Ended(pid, T1, SEVEN, false));
      runs.add(new Ended(pid, null, SEVEN, true));
      runs.add(new Ended(pid, T1, Exit.unseen(T3), false));
    }
    return runs;
  }

  private static List<ContainerEvent.OfContainer> events() {
    List<ContainerEvent.OfContainer> events =
        new ArrayList<>(
            List.of(
                new ContainerCreated(ID, "image", "runc"),
                new ContainerChanged(ID),
                new ContainerDeleted(ID),
                new TaskPaused(ID),
                new TaskResumed(ID),
                new OutOfMemory(ID),
                new Exited(ID, "exec", 7, SEVEN)));
    for (long pid : PIDS) {
      events.add(new TaskDeleted(ID, pid, null));
      for (Instant at : TIMES) {
        events.add(new TaskCreated(ID, pid, "/bundle", at));
        events.add(new TaskStarted(ID, pid, at));
        for (ExitSource source : List.of(ExitSource.EVENT, ExitSource.SHIM)) {
          Exit exit = new Exit(source == ExitSource.SHIM ? 0 : 137, at, source);
          events.add(new Exited(ID, "web", pid, exit));
        }
        events.add(new TaskDeleted(ID, pid, new Exit(9, at, ExitSource.EVENT)));
      }
    }
    return events;
  }

  /**
   * @param runs the runs that answers are about
   */
  private static List<Observation> observations(List<Run> runs) {
    List<Observation> causes = new ArrayList<>(List.of(new Inspect(), new LateEventsDue()));
    for (ContainerEvent.OfContainer event : events()) {
      causes.add(new Event(event));
      causes.add(new LateEvent(event));
    }
    List<Observation> all = new ArrayList<>(causes);
    all.add(new LateEventsDue());
    all.add(new StartDue(0));
    all.add(new StartDue(9));
    all.add(new FinalizeDue(T3));
    for (Observation cause : causes) {
      all.add(new ContainerRead(info(T0, ""), cause));
      all.add(new ContainerRead(info(T2, ""), cause));
      all.add(new ContainerGone(cause));
      all.add(new Doubtful(cause));
      all.add(new ContainerRead(info(T0, ""), new Doubtful(cause)));
      all.add(new ContainerGone(new Doubtful(cause)));
    }
    RuntimeFailure failure = new RuntimeFailure(RuntimeFailure.Kind.TRANSIENT, "no");
    for (Run asked : runs) {
      all.add(new DeleteDue(asked, 0));
      all.add(new Deleted(asked));
      all.add(new DeleteFailed(asked, failure));
      all.add(new PastRunUnknown(asked, true));
      all.add(new PastRunUnknown(asked, false));
      all.add(new PastRunRead(new PastRun(null, new Exit(3, T3, ExitSource.CRI)), asked));
      all.add(new ProcessRead(true, asked, new ContainerGone(new Inspect())));
      all.add(new ProcessRead(false, asked, new ContainerGone(new Inspect())));
      all.add(new ExitAwaited(asked, new ContainerGone(new Inspect())));
      for (Observation cause : causes.stream().filter(LifeCycleTest::isAsked).toList()) {
        all.add(new TaskGone(asked, cause));
        all.add(new ExitAwaited(asked, new TaskGone(asked, cause)));
        for (TaskInfo.Status status : TaskInfo.Status.values()) {
          for (long pid : new long[] {0, 7, 8}) {
            TaskRead read =
                new TaskRead(new TaskInfo(ID, status, pid, 5, T3), T1, "", asked, cause);
            all.add(read);
            all.add(new ExitAwaited(asked, read));
            all.add(new OtherRunRead(read));
            all.add(new ContainerGone(new OtherRunRead(read)));
            all.add(new ContainerRead(info(T0, ""), new OtherRunRead(read)));
            if (cause instanceof Inspect && status != TaskInfo.Status.STOPPED && pid != 0) {
              all.add(new Listed(read, T0));
              all.add(new Listed(read, null));
              all.add(new ContainerGone(new Listed(read, T0)));
              all.add(new ContainerRead(info(T0, ""), new Listed(read, T0)));
            }
          }
        }
      }
    }
    return all;
  }

  /** A few of each kind are enough to be asked about a task for. */
  private static boolean isAsked(Observation cause) {
    return switch (cause) {
      case Event(Exited exited) -> exited.exit().exitedAt().equals(T2) || exited.pid() == 7;
      case Event(TaskDeleted _) -> false;
      case Event(TaskCreated created) -> created.at().equals(T2);
      case Event(TaskStarted started) -> started.at().equals(T2);
      case LateEvent _ -> false;
      default -> true;
    };
  }
}
