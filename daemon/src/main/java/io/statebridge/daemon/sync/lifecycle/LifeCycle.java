package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ExitSource;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import org.jspecify.annotations.Nullable;

/**
 * A container's life: the one place that decides what becomes of a record.
 *
 * <pre>
 *            ContainerRead
 *   no record ───────────▶ None ──TaskCreate──▶ Created ──TaskStart──▶ Running
 *       ▲                   │ ▲                   │  │ deleted unstarted   │
 *       │                   │ └───────────────────│──┘                    │
 *       │                   │ exit                │ exit                  │ exit
 *       │                   ▼                     ▼                       ▼
 *       │    not ours to    ├────────────────── Ending ◀──────────────────┤
 *       │    delete, or the │                     │ deleted, or           │
 *       │    task is gone   │                     ▼ finalised             │
 *       └─ContainerGone── Ended ◀─────────────────────────────────────────┘
 *                           │ another pid: the next run
 *                           └──▶ Created, Running
 * </pre>
 *
 * <p>What always holds:
 *
 * <ul>
 *   <li>A run is its container and its pid, a container its id and its creation. Times decide only
 *       where neither can: which of two runs that are both gone was the later one.
 *   <li>An event that follows from the record is taken over. One that does not makes the runtime be
 *       asked, and the answer decides.
 *   <li>An answer counts only if the record's run is still the one that was asked about; otherwise
 *       it is asked for again. So no stale answer undoes a newer truth.
 *   <li>Only NOT_FOUND means gone, and only after its exit had the time to be reported is an end
 *       called unseen. An exit that is reported after all replaces that, however late.
 *   <li>The first exit of a run wins. Ended is left only for a new run.
 *   <li>Before a record goes over to another run, or goes, the end of the one before is recorded,
 *       and those of runs between that were reported.
 * </ul>
 */
public final class LifeCycle {

  private LifeCycle() {}

  /**
   * The step that an observation leads to.
   *
   * @param now the record, null when there is none
   */
  public static Step on(@Nullable ContainerRecord now, Observation seen, Context context) {
    Step step =
        now == null
            ? new WithoutRecord(context).on(seen)
            : new RunsBetween(now, context).before(new WithRecord(now, context).on(seen), seen);
    ContainerRecord after = step.after();
    if (after == null) {
      return step;
    }
    if (after.orphaned() && isEnded(after) && !isEnded(now)) {
      // Nothing else would find out that such a record may go.
      step = step.and(new Effect.Later(new Observation.Inspect()));
    }
    if (pluginMayKnowBetter(after) && !pluginMayKnowBetter(now)) {
      step = step.and(new Effect.AwaitStart(0));
    }
    return step;
  }

  private static boolean isEnded(@Nullable ContainerRecord record) {
    return record != null && record.run() instanceof Ended;
  }

  /**
   * Whether the CRI plugin may know what became of its container: a start that fails leaves no
   * event, or that of a process that was killed before it ran the container's program; and it
   * writes the end of one that it deleted a little later.
   */
  public static boolean pluginMayKnowBetter(@Nullable ContainerRecord record) {
    if (record == null || record.info().isSandbox() || record.info().criMetadata().isEmpty()) {
      return false;
    }
    return switch (record.run()) {
      case None _ -> true;
      case Ended ended ->
          ended.exit().isUnseen()
              || (ended.startedAt() == null && ended.exit().source() != ExitSource.CRI);
      case Live _, Ending _ -> false;
    };
  }
}
