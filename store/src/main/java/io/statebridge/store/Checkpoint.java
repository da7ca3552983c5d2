package io.statebridge.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store's records on disk: what the runtime cannot give back, such as an exit that it has
 * forgotten, and what can be served while it is down. One file, {@code checkpoint.db}, in SQLite's
 * format.
 *
 * <p>First {@link #load}, then fill a store, then {@link #follow} it: from there on every commit
 * goes to the file, in order; those that come together go together. The store never waits for the
 * disk. Neither does a trouble of the disk ever surface as an exception: without a disk the daemon
 * goes on from memory, the {@link #status} says so and why, and when the disk is back the whole
 * store is written again. A file that is damaged, removed, replaced or another application's is
 * noticed when it is opened, by the next write, or by a check every 10 seconds; it is renamed to
 * {@code checkpoint.db.bad-<time>}, never deleted, and a new one takes its place.
 *
 * <p>Thread-safe. Owns one thread, "checkpoint", from {@code follow} until {@code close}.
 */
public final class Checkpoint implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);

  /** A daemon that is being replaced may need so long to end. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(100).toNanos();

  private final CheckpointLimits limits;
  private final Durability durability;
  private final @Nullable CheckpointWriter writer;

  @GuardedBy("this")
  private CheckpointContents loaded;

  private volatile @Nullable ContainerStore store;

  @GuardedBy("this")
  private @Nullable Thread thread;

  @GuardedBy("this")
  private boolean closed;

  private Checkpoint(
      CheckpointLimits limits, Durability durability, @Nullable CheckpointWriter writer) {
    this.limits = limits;
    this.durability = durability;
    this.writer = writer;
    this.loaded = writer == null ? CheckpointContents.NONE : writer.open();
  }

  /**
   * Opens the file, or makes it, and the directory, when there is none. Returns when it is read.
   *
   * @param stateDir of one daemon; only its owner can enter it when it is made here
   * @throws IOException when another daemon has it, and does not end within {@link #PATIENCE}: what
   *     it knows must not be overwritten. Any other trouble only degrades the checkpoint
   */
  public static Checkpoint open(Path stateDir) throws IOException {
    InstantSource clock = InstantSource.system();
    awaitEndOfOther(new StateDirectory(stateDir.toAbsolutePath(), clock, 0), PATIENCE);
    return open(stateDir, CheckpointLimits.DEFAULT, clock);
  }

  static void awaitEndOfOther(StateDirectory directory, Duration patience) throws IOException {
    long start = System.nanoTime();
    while (true) {
      try (FileChannel _ = directory.claim()) {
        return;
      } catch (CheckpointException e) {
        if (System.nanoTime() - start >= patience.toNanos()) {
          throw new IOException(e.getMessage(), e);
        }
        LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      } catch (IOException e) {
        // The disk's trouble is told when the file is opened.
        return;
      }
    }
  }

  static Checkpoint open(Path stateDir, CheckpointLimits limits, InstantSource clock) {
    StateDirectory directory =
        new StateDirectory(stateDir.toAbsolutePath(), clock, limits.maxSetAside());
    Durability durability = new Durability(directory.file(), limits.durableTimeout(), clock);
    return new Checkpoint(limits, durability, new CheckpointWriter(directory, limits, durability));
  }

  /** A checkpoint that keeps nothing, for a daemon that shall keep everything in memory. */
  public static Checkpoint disabled() {
    CheckpointLimits limits = CheckpointLimits.DEFAULT;
    return new Checkpoint(
        limits, new Durability(null, limits.durableTimeout(), InstantSource.system()), null);
  }

  /**
   * What the file held when it was opened, ordered by id, with revision 0: the last life's records,
   * those kept of removed containers among them, up to the last that was durable at least. Empty
   * when there was no file, when it could not be read, and once a store is followed.
   */
  public synchronized List<Entry> load() {
    return loaded.entries();
  }

  /**
   * Likewise the runs that were reported to have run out of memory, as in {@link
   * ContainerStore#outOfMemoryNotes}.
   */
  public synchronized Map<ContainerId, Long> loadOutOfMemory() {
    return loaded.outOfMemory();
  }

  /** Likewise whether the last life's store was complete, see {@link ContainerStore#isComplete}. */
  public synchronized boolean loadComplete() {
    return loaded.complete();
  }

  /**
   * Makes the file hold what this store holds, now and from now on. A record that was loaded and is
   * not in the store is gone from the file thereafter.
   *
   * @throws IllegalStateException when called again, or after the close
   */
  public synchronized void follow(ContainerStore toFollow) {
    if (closed || store != null) {
      throw new IllegalStateException("a checkpoint follows one store, once, while it is open");
    }
    store = toFollow;
    loaded = CheckpointContents.NONE;
    if (writer != null) {
      writer.follow(toFollow);
      thread = Thread.ofPlatform().name("checkpoint").daemon().start(writer);
    }
  }

  /**
   * Completes when everything up to a revision is on disk; at once while the checkpoint is degraded
   * or disabled, and after 2 seconds at the latest, which then degrades it: whoever waits must not
   * lose more time to a bad disk than to a bad runtime. Never completes exceptionally. Returns at
   * once.
   *
   * <p>What depends on it runs on the writer's thread, or on a timer's, and must hand over to
   * another at once.
   *
   * @param revision of a commit of the store that is followed
   * @throws IllegalArgumentException when there was no such commit yet
   * @throws IllegalStateException when no store is followed yet
   */
  public CompletionStage<@Nullable Void> durable(long revision) {
    ContainerStore followed = store;
    if (followed == null) {
      throw new IllegalStateException("no store is followed yet");
    }
    if (revision > followed.revision()) {
      throw new IllegalArgumentException("revision " + revision + " is still to come");
    }
    return durability.of(revision);
  }

  public CheckpointStatus status() {
    return durability.status();
  }

  /**
   * Writes what is committed until now, even if the disk was away, and lets go of the file. Waits 2
   * seconds for that at most. Whoever still waits is released. Idempotent.
   */
  @Override
  public synchronized void close() {
    closed = true;
    if (writer == null) {
      return;
    }
    writer.stop();
    if (thread == null) {
      writer.release();
      return;
    }
    try {
      if (!thread.join(limits.closeTimeout())) {
        log.warn("{}: not finished in time, leaving", status().path());
        durability.end();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
