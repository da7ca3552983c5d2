package io.statebridge.daemon.sync;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Snapshot;
import io.statebridge.store.WatchCursor;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds one question open for every container whose init process lives: when it ends, how did it?
 * The event stream tells the same, but late in a storm and not at all while the runtime is down. An
 * answer enters the container's lane as an exit like any other, and whichever comes first wins.
 *
 * <p>Follows the store like any watcher: a record with a live process has its question, and no
 * other has. The first waiter that can be asked is; when it fails, the next one, in turn, and after
 * each round a backoff and a doubt about the container, for a question that fails is never an exit.
 * Loop only, but for {@link #open}.
 */
final class ExitWatch {

  private static final Logger log = LoggerFactory.getLogger(ExitWatch.class);

  private final SyncLoop loop;
  private final ContainerStore store;
  private final List<ExitWaiter> waiters;
  private final Backoff backoff;
  private final Consumer<Exited> told;
  private final Consumer<ContainerId> doubted;
  private final Map<ContainerId, Question> questions = new HashMap<>();
  private final Map<ExitSource, Integer> open = new ConcurrentHashMap<>();
  private @Nullable WatchCursor cursor;

  /**
   * @param waiters whom to ask, the best first; none: nothing is watched
   * @param told hears of exits
   * @param doubted hears of containers that cannot be asked about at the moment
   */
  ExitWatch(
      SyncLoop loop,
      ContainerStore store,
      List<ExitWaiter> waiters,
      Backoff backoff,
      Consumer<Exited> told,
      Consumer<ContainerId> doubted) {
    this.loop = loop;
    this.store = store;
    this.waiters = waiters;
    this.backoff = backoff;
    this.told = told;
    this.doubted = doubted;
  }

  void start() {
    if (!waiters.isEmpty()) {
      lookAtAll();
    }
  }

  void stop() {
    if (cursor != null) {
      cursor.close();
    }
    questions.values().forEach(Question::close);
    questions.clear();
  }

  /** How many questions are open, by whom they are put to. Any thread. */
  Map<ExitSource, Integer> open() {
    return Map.copyOf(open);
  }

  /** Whether the shim of a container's current run could not be reached when it was last tried. */
  boolean lostShim(ContainerId id) {
    Question question = questions.get(id);
    return question != null && question.lostShim;
  }

  private void lookAtAll() {
    Snapshot all = store.snapshot();
    try {
      cursor = store.watch(all.revision(), () -> loop.execute(this::follow));
    } catch (CompactedException e) {
      // A whole log of changes within one step: look again.
      loop.execute(this::lookAtAll);
      return;
    }
    questions.keySet().removeIf(id -> closeIfGone(id));
    all.containers().forEach(container -> look(container.id(), container));
    follow();
  }

  private boolean closeIfGone(ContainerId id) {
    if (store.get(id).isPresent()) {
      return false;
    }
    Question question = questions.get(id);
    if (question != null) {
      question.close();
    }
    return true;
  }

  private void follow() {
    if (cursor == null) {
      return;
    }
    try {
      Optional<Change> next = cursor.next();
      while (next.isPresent()) {
        Change change = next.get();
        look(change.id(), change.after());
        next = cursor.next();
      }
    } catch (CompactedException e) {
      cursor.close();
      lookAtAll();
    }
  }

  private void look(ContainerId id, @Nullable Container now) {
    @Nullable Question question = questions.get(id);
    if (question != null
        && (now == null
            || !now.isLive()
            || question.pid != now.pid()
            || !question.bundle.equals(now.bundle()))) {
      question.close();
      questions.remove(id);
      question = null;
    }
    if (now != null && now.isLive() && question == null && now.pendingExit() == null) {
      Question fresh = new Question(id, now.pid(), now.bundle());
      questions.put(id, fresh);
      fresh.ask();
    }
  }

  /** About one run of one container. */
  private final class Question {
    final ContainerId id;
    final long pid;
    final String bundle;
    boolean lostShim;

    private final BitSet cannot = new BitSet();
    private int turn;
    private int rounds;
    private boolean closed;
    private ExitWaiter.@Nullable Wait wait;
    private SyncLoop.@Nullable Timer next;

    Question(ContainerId id, long pid, String bundle) {
      this.id = id;
      this.pid = pid;
      this.bundle = bundle;
    }

    void ask() {
      if (closed) {
        return;
      }
      ExitWaiter waiter = waiters.get(turn);
      ExitWaiter.Wait asked = waiter.open(id, pid, bundle);
      wait = asked;
      open.merge(waiter.source(), 1, Integer::sum);
      asked
          .exit()
          .whenCompleteAsync(
              (exit, failure) -> {
                if (!asked.equals(wait)) {
                  return;
                }
                putDown();
                if (failure == null) {
                  answered(exit);
                } else {
                  failed(waiter, failure);
                }
              },
              loop);
    }

    private void answered(Exit exit) {
      told.accept(new Exited(id, id.id(), pid, exit));
    }

    private void failed(ExitWaiter waiter, Throwable failure) {
      log.debug("{}: cannot wait for its exit: {}", id, Failures.message(failure));
      if (waiter.source() == ExitSource.SHIM) {
        lostShim = !bundle.isEmpty() && !isOfKind(failure, RuntimeFailure.Kind.PERMANENT);
      }
      if (isOfKind(failure, RuntimeFailure.Kind.PERMANENT)) {
        cannot.set(turn);
      }
      if (cannot.cardinality() == waiters.size()) {
        log.warn("{}: nobody can be asked for its exit: {}", id, Failures.message(failure));
        return;
      }
      boolean roundIsOver = false;
      do {
        turn = (turn + 1) % waiters.size();
        roundIsOver |= turn == 0;
      } while (cannot.get(turn));
      if (roundIsOver) {
        next = loop.schedule(backoff.delay(rounds++), this::ask);
        doubted.accept(id);
      } else {
        ask();
      }
    }

    void close() {
      closed = true;
      if (next != null) {
        next.cancel();
      }
      putDown();
    }

    private void putDown() {
      ExitWaiter.Wait asked = wait;
      wait = null;
      if (asked != null) {
        asked.close();
        open.merge(waiters.get(turn).source(), -1, Integer::sum);
      }
    }
  }

  private static boolean isOfKind(Throwable failure, RuntimeFailure.Kind kind) {
    return Failures.cause(failure) instanceof RuntimeFailure told && told.kind() == kind;
  }
}
