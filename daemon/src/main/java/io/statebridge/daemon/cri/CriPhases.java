package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.proto.cri.v1.ContainerEventType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the CRI's events say of a commit: how far the container has come, and when it is gone. */
final class CriPhases {

  /** In the order in which a container comes to them. */
  private static final List<ContainerEventType> PHASES =
      List.of(
          ContainerEventType.CONTAINER_CREATED_EVENT,
          ContainerEventType.CONTAINER_STARTED_EVENT,
          ContainerEventType.CONTAINER_STOPPED_EVENT);

  private static final int CREATED = 1;
  private static final int STARTED = 2;
  private static final int STOPPED = 3;

  private CriPhases() {}

  /**
   * The events of one commit, in order: of each phase that was reached. A container that was not
   * started, as far as is known, has no STARTED, and gets none after its STOPPED.
   *
   * @param before null when the container is new
   * @param after null when it is gone
   */
  static List<ContainerEventType> told(
      @Nullable ContainerRecord before, @Nullable ContainerRecord after) {
    if (after == null) {
      return List.of(ContainerEventType.CONTAINER_DELETED_EVENT);
    }
    int from = before == null ? 0 : reached(before);
    int to = reached(after);
    // A container that runs anew has come less far, and its STARTED is the first event of that.
    List<ContainerEventType> come = PHASES.subList(from > to ? CREATED : from, to);
    return after.startedAt() != null
        ? come
        : come.stream().filter(p -> p != ContainerEventType.CONTAINER_STARTED_EVENT).toList();
  }

  /** How many of the phases it has come to. */
  private static int reached(ContainerRecord record) {
    Exit exit = record.knownExit();
    if (exit == null) {
      return record.startedAt() == null ? CREATED : STARTED;
    }
    // A task that is gone without anybody having seen it start or end: most likely it never ran.
    boolean neverRan = record.startedAt() == null && exit.source() == ExitSource.UNKNOWN;
    return neverRan ? CREATED : STOPPED;
  }
}
