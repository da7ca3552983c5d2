package io.statebridge.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One run of a container's task. A run is identified by its container and its pid; of a run that is
 * over the pid is kept, so that whatever is reported late finds it.
 *
 * <pre>
 *   None ──▶ Created ──▶ Running ──▶ Ending ──▶ Ended
 *     │         └────────────────────▶ ▲          ▲ │
 *     └──▶ WithoutProcess ─────────────┘──────────┘ └──▶ the next run
 * </pre>
 *
 * Ending is left out where the task is not ours to delete.
 */
public sealed interface Run {

  /** The pid of the init process, also of one that has ended; 0 when there is or was none. */
  long pid();

  /** The same, or that of the task before, if there is none. */
  default long lastPid() {
    return pid();
  }

  /**
   * Whether this run still lives, for all that is known now: it may have gone further since, or its
   * dates be known better.
   *
   * @param now what is recorded now
   */
  default boolean isStillLive(@Nullable Run now) {
    return this instanceof Live && now instanceof Live && now.pid() == pid();
  }

  /** When the init process was started; null before that, and if it never was. */
  @Nullable Instant startedAt();

  /** Whether its processes are frozen. */
  default boolean paused() {
    return false;
  }

  /** A run whose end is still to come. */
  sealed interface Live extends Run {}

  /**
   * The container has no task, and none that ended is known.
   *
   * @param lastPid of its last task, which is gone without having been seen to start; 0 when there
   *     was none
   * @param lastCreatedAt when that was created; null when there was none
   */
  record None(long lastPid, @Nullable Instant lastCreatedAt) implements Run {

    public static final None NONE = new None(0, null);

    @Override
    public long pid() {
      return 0;
    }

    @Override
    public @Nullable Instant startedAt() {
      return null;
    }
  }

  /**
   * The task exists, its init process was not started.
   *
   * @param taskCreatedAt when the event that reported it was published; null when none did
   */
  record Created(long pid, @Nullable Instant taskCreatedAt) implements Live {

    public Created {
      requireProcess(pid);
    }

    @Override
    public @Nullable Instant startedAt() {
      return null;
    }
  }

  /**
   * The init process runs.
   *
   * @param paused whether its processes are frozen
   */
  record Running(long pid, @Nullable Instant taskCreatedAt, Instant startedAt, boolean paused)
      implements Live {

    public Running {
      requireProcess(pid);
    }
  }

  /** Running without a process of this node, as the sandbox of a virtual machine may. */
  record WithoutProcess(Instant startedAt, boolean paused) implements Live {

    @Override
    public long pid() {
      return 0;
    }
  }

  /** The exit is known, and the task is still to be deleted. */
  record Ending(Live live, PendingExit pending) implements Run {

    @Override
    public long pid() {
      return live.pid();
    }

    @Override
    public @Nullable Instant startedAt() {
      return live.startedAt();
    }

    @Override
    public boolean paused() {
      return live.paused();
    }
  }

  /**
   * The exit is recorded.
   *
   * @param startedAt not after the exit; null when it never was started
   * @param cleanupPending whether the task could not be deleted yet
   */
  record Ended(long pid, @Nullable Instant startedAt, Exit exit, boolean cleanupPending)
      implements Run {

    public Ended {
      if (pid < 0) {
        throw new IllegalArgumentException("negative pid " + pid);
      }
      // A start is published after the process began, and a short run has ended by then.
      if (startedAt != null && exit.exitedAt().isBefore(startedAt)) {
        startedAt = exit.exitedAt();
      }
    }
  }

  private static void requireProcess(long pid) {
    if (pid <= 0) {
      throw new IllegalArgumentException("a task's pid must be positive, not " + pid);
    }
  }
}
