package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.daemon.sync.lifecycle.Observation.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The exits that wait in their containers' queues. One that is recorded before its turn has no more
 * to say: the id may be another container's by then. Loop only.
 */
final class ReportedExits {

  private static final class OfContainer {
    final List<Event> queued = new ArrayList<>();
    final Set<Event> recorded = new HashSet<>();
  }

  private final Map<ContainerId, OfContainer> all = new HashMap<>();

  void add(ContainerId id, Event exit) {
    all.computeIfAbsent(id, key -> new OfContainer()).queued.add(exit);
  }

  /** Its turn is over, or it has none. */
  void remove(ContainerId id, Event exit) {
    all.computeIfPresent(
        id,
        (key, exits) -> {
          exits.queued.remove(exit);
          exits.recorded.retainAll(exits.queued);
          return exits.queued.isEmpty() ? null : exits;
        });
  }

  /** Those that are not recorded yet. */
  List<Event> waiting(ContainerId id) {
    @Nullable OfContainer exits = all.get(id);
    return exits == null
        ? List.of()
        : exits.queued.stream().filter(exit -> !exits.recorded.contains(exit)).toList();
  }

  /** A record was committed. */
  void committed(ContainerRecord record) {
    @Nullable OfContainer exits = all.get(record.id());
    if (exits != null) {
      exits.queued.stream().filter(exit -> isEndOf(record, exit)).forEach(exits.recorded::add);
    }
  }

  /** Whether it is recorded, and the record has gone on since. */
  boolean isPast(Event exit, @Nullable ContainerRecord now) {
    @Nullable OfContainer exits = all.get(exit.event().id());
    return exits != null && exits.recorded.contains(exit) && (now == null || !isEndOf(now, exit));
  }

  private static boolean isEndOf(ContainerRecord record, Event event) {
    @Nullable Exit known = record.knownExit();
    @Nullable Exited exited = event.exit();
    return known != null
        && exited != null
        && exited.pid() == record.run().pid()
        && exited.exit().code() == known.code()
        && exited.exit().exitedAt().equals(known.exitedAt());
  }
}
