package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.None;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import io.statebridge.store.Following;
import io.statebridge.store.WatchCursor;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds one Wait open for every container whose init process lives. The event stream reports the
 * same, but late in a storm and not at all while the runtime is down. A Wait that returns is an
 * exit like any other, and the first one wins.
 *
 * <p>Follows the store: a record with a live process has its Wait, and no other has. The first
 * waiter that can be asked is; when it fails, the next one, in turn, and after each round a backoff
 * and an inspection of the container, for a Wait that fails is never an exit. Loop only, but for
 * {@link #open}.
 */
final class ExitWatch {

  private static final Logger log = LoggerFactory.getLogger(ExitWatch.class);

  /**
   * A shim may be too slow to answer within the time that an exit gets to be reported; what it says
   * after all is better than an end that nobody observed. Half of the time for which events may be
   * late ({@code RemovedRecords}), that the container is still known then.
   */
  static final Duration LATE_ANSWER = Duration.ofSeconds(30);

  /** A shim that just ends, or just starts, is no trouble worth a line in the log. */
  static final Duration REPORT_AFTER = Duration.ofSeconds(10);

  private final SyncLoop loop;
  private final ContainerStore store;
  private final List<ExitWaiter> waiters;
  private final Backoff backoff;
  private final Consumer<Exited> exited;
  private final Consumer<ContainerId> failed;
  private final Map<ContainerId, OpenWait> waits = new HashMap<>();

  /** Those of runs that were given up for gone without an exit. */
  private final Set<OpenWait> late = new HashSet<>();

  private final Map<ExitSource, Integer> open = new ConcurrentHashMap<>();

  /** Why a container's exit is not waited for at its shim. */
  private final Map<ContainerId, String> notAtShim = new ConcurrentSkipListMap<>();

  private @Nullable WatchCursor cursor;

  /**
   * @param waiters whom to ask, the best first; none: nothing is watched
   * @param exited hears of exits
   * @param failed hears of containers that cannot be asked about at the moment
   */
  ExitWatch(
      SyncLoop loop,
      ContainerStore store,
      List<ExitWaiter> waiters,
      Backoff backoff,
      Consumer<Exited> exited,
      Consumer<ContainerId> failed) {
    this.loop = loop;
    this.store = store;
    this.waiters = waiters;
    this.backoff = backoff;
    this.exited = exited;
    this.failed = failed;
  }

  void start() {
    if (!waiters.isEmpty()) {
      followAll();
    }
  }

  void stop() {
    if (cursor != null) {
      cursor.close();
    }
    waits.values().forEach(OpenWait::close);
    waits.clear();
    List.copyOf(late).forEach(OpenWait::close);
  }

  /** How many are open, by who was asked. Any thread. */
  Map<ExitSource, Integer> open() {
    return Map.copyOf(open);
  }

  /**
   * The containers whose exit has not been waited for at their shim for {@link #REPORT_AFTER} at
   * least, and why. Any thread.
   */
  SortedMap<ContainerId, String> notAtShim() {
    return new TreeMap<>(notAtShim);
  }

  /** Whether the shim of a container's current run could not be reached when it was last tried. */
  boolean lostShim(ContainerId id) {
    OpenWait wait = waits.get(id);
    return wait != null && wait.lostShim;
  }

  private void followAll() {
    Following following = store.follow(() -> loop.execute(this::follow));
    cursor = following.cursor();
    Map<ContainerId, ContainerRecord> all = new HashMap<>();
    following.snapshot().entries().forEach(entry -> all.put(entry.id(), entry.record()));
    List.copyOf(waits.keySet()).forEach(id -> adjust(id, all.get(id)));
    all.forEach(this::adjust);
    follow();
  }

  private void follow() {
    if (cursor == null) {
      return;
    }
    try {
      Optional<Change> next = cursor.next();
      while (next.isPresent()) {
        Entry after = next.get().after();
        adjust(next.get().id(), after == null ? null : after.record());
        next = cursor.next();
      }
    } catch (CompactedException e) {
      cursor.close();
      followAll();
    }
  }

  private void adjust(ContainerId id, @Nullable ContainerRecord now) {
    loop.requireLoop();
    @Nullable OpenWait wait = waits.get(id);
    boolean hasProcess = now != null && (now.isLive() || now.pendingExit() != null);
    if (wait != null
        && (now == null
            || !hasProcess
            || wait.pid != now.pid()
            || !wait.bundle.equals(now.bundle()))) {
      waits.remove(id);
      wait.end(now);
      wait = null;
    }
    if (now != null && now.isLive() && wait == null) {
      OpenWait fresh = new OpenWait(id, now.pid(), now.bundle());
      waits.put(id, fresh);
      fresh.ask();
    }
  }

  /** About one run of one container. */
  private final class OpenWait {
    final ContainerId id;
    final long pid;
    final String bundle;
    boolean lostShim;

    private String shimFailure = "";
    private SyncLoop.@Nullable Timer shimCheck;
    private int turn;
    private int rounds;
    private boolean closed;
    private ExitWaiter.@Nullable Wait asked;
    private SyncLoop.@Nullable Timer next;

    OpenWait(ContainerId id, long pid, String bundle) {
      this.id = id;
      this.pid = pid;
      this.bundle = bundle;
    }

    void ask() {
      if (closed) {
        return;
      }
      ExitWaiter waiter = waiters.get(turn);
      ExitWaiter.Wait wait = waiter.open(id, pid, bundle);
      asked = wait;
      open.merge(waiter.source(), 1, Integer::sum);
      wait.exit()
          .whenCompleteAsync(
              (exit, failure) -> {
                if (!wait.equals(asked)) {
                  return;
                }
                putDown();
                if (failure == null) {
                  answered(exit);
                } else {
                  askNext(waiter, failure);
                }
              },
              loop);
    }

    private void answered(Exit exit) {
      if (late.contains(this)) {
        close();
      }
      exited.accept(new Exited(id, id.id(), pid, exit));
    }

    private void askNext(ExitWaiter waiter, Throwable failure) {
      if (late.contains(this)) {
        close();
        return;
      }
      log.debug("{}: cannot wait for its exit: {}", id, Failures.message(failure));
      if (waiter.source() == ExitSource.SHIM) {
        lostShim = !bundle.isEmpty() && !Failures.isOfKind(failure, RuntimeFailure.Kind.PERMANENT);
        shimFailure = Failures.message(failure);
        if (shimCheck == null) {
          shimCheck = loop.schedule(REPORT_AFTER, this::checkShim);
        }
      }
      turn = (turn + 1) % waiters.size();
      if (turn != 0) {
        ask();
        return;
      }
      next = loop.schedule(backoff.delay(rounds++), this::ask);
      if (!Failures.isOfKind(failure, RuntimeFailure.Kind.PERMANENT)) {
        failed.accept(id);
      }
    }

    private void checkShim() {
      if (asked != null && waiters.get(turn).source() == ExitSource.SHIM) {
        shimCheck = null;
        if (notAtShim.remove(id) != null) {
          log.info("{}: its exit is waited for at its shim again", id);
        }
        return;
      }
      if (notAtShim.put(id, shimFailure) == null) {
        log.warn("{}: its exit is not waited for at its shim: {}", id, shimFailure);
      }
      shimCheck = loop.schedule(REPORT_AFTER, this::checkShim);
    }

    /**
     * The record has gone on, or is gone.
     *
     * @param now what is recorded
     */
    private void end(@Nullable ContainerRecord now) {
      if (asked == null || pid == 0 || isKnown(now)) {
        close();
        return;
      }
      late.add(this);
      next = loop.schedule(LATE_ANSWER, this::close);
    }

    private boolean isKnown(@Nullable ContainerRecord now) {
      return now != null
          && switch (now.run()) {
            case None none -> none.lastPid() != pid;
            case Ended ended -> ended.pid() != pid || !ended.exit().isUnseen();
            case Live _, Ending _ -> true;
          };
    }

    void close() {
      closed = true;
      late.remove(this);
      if (next != null) {
        next.cancel();
      }
      if (shimCheck != null) {
        shimCheck.cancel();
        notAtShim.remove(id);
      }
      putDown();
    }

    private void putDown() {
      ExitWaiter.Wait wait = asked;
      asked = null;
      if (wait != null) {
        wait.close();
        open.merge(waiters.get(turn).source(), -1, Integer::sum);
      }
    }
  }
}
