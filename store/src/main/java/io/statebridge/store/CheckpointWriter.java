package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.store.CheckpointException.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the store into the file: a watcher like any other, whose slowness costs the store
 * nothing. What was committed while it wrote becomes its next transaction. Whenever the file may
 * have missed a change (at first, after an error, or because the log has overtaken it) it is
 * replaced by all that the store holds.
 *
 * <p>All but {@link #stop} is for one thread at a time: the one that opens it, then the one that
 * runs it.
 */
final class CheckpointWriter implements Runnable {

  private static final Logger log = LoggerFactory.getLogger(CheckpointWriter.class);

  private final StateDirectory directory;
  private final CheckpointLimits limits;
  private final Durability durability;
  private final Semaphore woken = new Semaphore(0);

  private @Nullable CheckpointFile file;

  /** Whether we know what the file holds: otherwise it may not be overwritten. */
  private boolean known;

  private @Nullable ContainerStore store;

  /** In the store's log; null when the file has to be rewritten first. */
  private @Nullable WatchCursor cursor;

  private Map<ContainerId, Long> notesWritten = Map.of();
  private boolean completeWritten;

  private int failures;
  private long retryAtNanos;
  private long checkAtNanos;
  private volatile boolean stopped;

  CheckpointWriter(StateDirectory directory, CheckpointLimits limits, Durability durability) {
    this.directory = directory;
    this.limits = limits;
    this.durability = durability;
  }

  /** Opens the file for the first time. Returns what it holds. */
  CheckpointContents open() {
    try {
      CheckpointFile opened = openFile();
      file = opened;
      known = true;
      planCheck();
      return opened.contents();
    } catch (CheckpointException e) {
      failed(e);
      return e.kind() == Kind.IN_USE ? CheckpointContents.NONE : readCopy();
    }
  }

  /** A disk that cannot be written can mostly still be read. */
  private CheckpointContents readCopy() {
    try (ScratchDirectory scratch = ScratchDirectory.in(ScratchDirectory.systemParent())) {
      StateDirectory copy = new StateDirectory(scratch.path(), directory.clock(), 0);
      directory.copyTo(copy);
      try (CheckpointFile copied = CheckpointFile.open(copy, limits.busyTimeout())) {
        known = true;
        return copied.contents();
      }
    } catch (IOException | CheckpointException e) {
      log.debug("{} cannot be read either", directory.file(), e);
      return CheckpointContents.NONE;
    }
  }

  private CheckpointFile openFile() throws CheckpointException {
    try {
      return CheckpointFile.open(directory, limits.busyTimeout());
    } catch (CheckpointException e) {
      if (e.kind() != Kind.BAD_FILE) {
        throw e;
      }
      setAside("bad", e.getMessage());
      return CheckpointFile.open(directory, limits.busyTimeout());
    }
  }

  private void setAside(String kind, @Nullable String why) throws CheckpointException {
    try {
      directory.setAside(kind).ifPresent(p -> durability.setAside(p, String.valueOf(why)));
    } catch (IOException e) {
      throw CheckpointException.of(directory.file(), e);
    }
  }

  /** What to follow; before it runs. */
  void follow(ContainerStore toFollow) {
    store = toFollow;
  }

  /** Writes what is committed until now, and ends. */
  void stop() {
    stopped = true;
    woken.release();
  }

  @Override
  public void run() {
    ContainerStore source = Objects.requireNonNull(store);
    boolean last = false;
    while (!last) {
      // Read before the work, so that what was committed before the stop is in it.
      last = stopped;
      long untilNanos = work(last, source);
      if (!last) {
        await(untilNanos);
      } else if (file == null && untilNanos - System.nanoTime() <= 0) {
        // A bad file was out of the way; the fresh one shall still get everything.
        work(last, source);
      }
    }
    release();
  }

  /** Lets go of the file, and of whoever waits. */
  void release() {
    closeFile();
    durability.end();
  }

  private void await(long untilNanos) {
    try {
      if (woken.tryAcquire(untilNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        woken.drainPermits();
      }
    } catch (InterruptedException e) {
      stopped = true;
    }
  }

  /** Returns when there is something to do again, though nobody wakes us. */
  private long work(boolean last, ContainerStore source) {
    try {
      CheckpointFile open = file;
      if (open == null && (last || System.nanoTime() - retryAtNanos >= 0)) {
        open = reopen();
      }
      if (open == null) {
        return retryAtNanos;
      }
      if (last || System.nanoTime() - checkAtNanos >= 0) {
        open.check(limits.busyTimeout());
        open.forgetRemovedBefore(source.oldestRemoval());
        planCheck();
      }
      boolean more = write(open, source);
      while (more && last) {
        more = write(open, source);
      }
      return more ? System.nanoTime() : checkAtNanos;
    } catch (CheckpointException e) {
      failed(e);
      return retryAtNanos;
    } catch (RuntimeException e) {
      log.error("unexpected, going on", e);
      failed(CheckpointException.unusable(directory.file(), e.toString()));
      return retryAtNanos;
    }
  }

  private CheckpointFile reopen() throws CheckpointException {
    CheckpointFile opened = openFile();
    if (!known && !opened.contents().isEmpty()) {
      try {
        setAside(
            "unread", directory.file() + ": could not be read at the start, and was not served");
      } finally {
        opened.close();
      }
      opened = openFile();
    }
    file = opened;
    planCheck();
    return opened;
  }

  private void planCheck() {
    checkAtNanos = System.nanoTime() + limits.checkPeriod().toNanos();
  }

  /** One transaction. Returns whether there may be more to write. */
  private boolean write(CheckpointFile open, ContainerStore source) throws CheckpointException {
    try {
      if (cursor == null) {
        rewrite(open, source);
        return true;
      }
      long before = cursor.position();
      boolean nowComplete = source.isComplete();
      long revision = source.revision();
      Collection<ContainerTable.Write> writes = drain(cursor, source);
      // Not before all that makes it complete is in the file, too.
      boolean complete = nowComplete && cursor.position() >= revision;
      // After the log, at whose end whatever comes next wakes us.
      Map<ContainerId, Long> notes = source.outOfMemoryNotes();
      boolean sameNotes = notes.equals(notesWritten);
      List<Entry> amended = source.takeAmended();
      boolean same = sameNotes && complete == completeWritten && amended.isEmpty();
      if (cursor.position() == before && same) {
        return false;
      }
      List<ContainerTable.Write> all = new ArrayList<>(writes);
      amended.forEach(entry -> all.add(new ContainerTable.Write(entry.id(), null, entry)));
      open.write(all, sameNotes ? null : notes, complete);
      notesWritten = notes;
      completeWritten = complete;
      durability.reached(cursor.position());
      failures = 0;
    } catch (CompactedException e) {
      closeCursor();
    }
    return true;
  }

  private void rewrite(CheckpointFile open, ContainerStore source) throws CheckpointException {
    boolean complete = source.isComplete();
    Following following = source.followWithRemoved(woken::release);
    cursor = following.cursor();
    Map<ContainerId, Long> notes = source.outOfMemoryNotes();
    Snapshot snapshot = following.snapshot();
    open.rewrite(snapshot.entries(), notes, complete);
    notesWritten = notes;
    completeWritten = complete;
    durability.reached(snapshot.revision());
    known = true;
    failures = 0;
  }

  /** What is next in the log, one write a container. */
  private Collection<ContainerTable.Write> drain(WatchCursor from, ContainerStore source)
      throws CompactedException {
    Map<ContainerId, ContainerTable.Write> writes = new LinkedHashMap<>();
    Optional<Change> next = from.next();
    for (int taken = 1; next.isPresent(); taken++) {
      ContainerId id = next.get().id();
      Entry after = next.get().after();
      writes.merge(
          id,
          new ContainerTable.Write(
              id,
              next.get().before(),
              after == null ? source.getOrRemoved(id).orElse(null) : after),
          (first, second) -> new ContainerTable.Write(id, first.before(), second.after()));
      next = taken < limits.maxBatch() ? from.next() : Optional.empty();
    }
    return writes.values();
  }

  private void failed(CheckpointException e) {
    durability.lost(String.valueOf(e.getMessage()));
    failures++;
    // A fresh file instead of a bad one may do at once; but not time and again.
    boolean atOnce = false;
    if (file != null && e.kind() == Kind.BAD_FILE) {
      try {
        // Before it is closed, which would bring the log into it.
        setAside("bad", e.getMessage());
        atOnce = failures == 1;
      } catch (CheckpointException further) {
        durability.lost(String.valueOf(further.getMessage()));
      }
    }
    closeFile();
    retryAtNanos = System.nanoTime() + (atOnce ? 0 : limits.retryDelay(failures).toNanos());
  }

  private void closeFile() {
    closeCursor();
    if (file != null) {
      file.close();
      file = null;
    }
  }

  private void closeCursor() {
    if (cursor != null) {
      cursor.close();
      cursor = null;
    }
  }
}
