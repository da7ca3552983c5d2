package io.statebridge.store;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the checkpoint is doing.
 *
 * @param state whether what is committed reaches the disk
 * @param since when it came into that state
 * @param lastError the last trouble, with the file's name and what to do about it; it stays when
 *     the trouble is over, and is empty when there was none
 * @param durableRevision everything up to it is on disk, unless the state is degraded: then the
 *     file may hold less
 * @param transactions that were written since the start; fewer than revisions, because commits that
 *     come together are written together
 * @param path of the file; null when disabled
 * @param setAside what the last file that was no checkpoint of ours is called now; null when there
 *     was none since the start
 */
public record CheckpointStatus(
    State state,
    Instant since,
    String lastError,
    long durableRevision,
    long transactions,
    @Nullable Path path,
    @Nullable Path setAside) {

  /** Whether what is committed reaches the disk. */
  public enum State {
    /** It is turned off: there is no file. */
    DISABLED,
    /** It does, in order, within moments. */
    DURABLE,
    /** It does not: what is committed is only in memory until the disk is back. */
    DEGRADED
  }
}
