package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.Run.Ended;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The containers that had an id before and were removed recently, of which late events still come.
 * What is known of each is its last run.
 *
 * @param records the last one first
 */
public record Predecessors(List<ContainerRecord> records) {

  public static final Predecessors NONE = new Predecessors(List.of());

  public Predecessors {
    records = List.copyOf(records);
  }

  boolean isEmpty() {
    return records.isEmpty();
  }

  Optional<ContainerRecord> last() {
    return records.stream().findFirst();
  }

  /** The one that an exit is the end of. */
  Optional<ContainerRecord> endedBy(long pid, Exit exit) {
    return records.stream().filter(record -> Exits.isEndOf(record, pid, exit)).findFirst();
  }

  boolean endedBy(Exited exited) {
    return endedBy(exited.pid(), exited.exit()).isPresent();
  }

  /** Whether a process was one of theirs. */
  boolean hadProcess(long pid) {
    return records.stream().anyMatch(record -> record.run().pid() == pid);
  }

  /** The same, by when its task was created or started, for a pid is used again. */
  boolean hadProcess(long pid, Instant at) {
    return records.stream()
        .anyMatch(
            record ->
                record.run() instanceof Ended ended
                    && ended.pid() == pid
                    && !at.isAfter(ended.exit().exitedAt()));
  }

  /** Whether a run came after all of theirs. */
  boolean isNewRun(long pid, Instant at) {
    return pid > 0
        && records.stream()
            .allMatch(
                record ->
                    !(record.run() instanceof Ended ended)
                        || (ended.pid() != pid && isLater(at, ended)));
  }

  /** An end that was not observed is dated when it was noticed. */
  private static boolean isLater(Instant at, Ended ended) {
    Instant known = ended.exit().isUnseen() ? ended.startedAt() : ended.exit().exitedAt();
    return known == null || at.isAfter(known);
  }
}
