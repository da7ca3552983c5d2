package io.statebridge.store;

/**
 * The changes after a revision are no longer, or never were, in the log: list again and go on from
 * there.
 */
public final class CompactedException extends Exception {

  private static final long serialVersionUID = 1;

  private final long compactRevision;
  private final long currentRevision;

  CompactedException(long wanted, long compactRevision, long currentRevision) {
    super(
        "revision "
            + wanted
            + " cannot be resumed from: the log goes from "
            + compactRevision
            + " to "
            + currentRevision);
    this.compactRevision = compactRevision;
    this.currentRevision = currentRevision;
  }

  /** The earliest revision that can be resumed from. */
  public long compactRevision() {
    return compactRevision;
  }

  public long currentRevision() {
    return currentRevision;
  }
}
