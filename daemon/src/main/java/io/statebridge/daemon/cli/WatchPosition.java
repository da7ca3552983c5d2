package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.WatchContainersResponse;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How far a watch has come: from where another one could go on without a gap. */
final class WatchPosition {
  private @Nullable ResumePoint last;

  WatchPosition(@Nullable ResumePoint start) {
    last = start;
  }

  void passed(WatchContainersResponse change) {
    // The records before SYNCED carry no revision: they are no place to go on from.
    if (last != null || change.getType() == WatchContainersResponse.Type.SYNCED) {
      last = new ResumePoint(change.getEpoch(), change.getRevision());
    }
  }

  Optional<ResumePoint> last() {
    return Optional.ofNullable(last);
  }

  /** What to add to a failure's line; empty when only a new watch can help. */
  String hint() {
    return last == null ? "" : " (to miss nothing: --resume " + last + ")";
  }
}
