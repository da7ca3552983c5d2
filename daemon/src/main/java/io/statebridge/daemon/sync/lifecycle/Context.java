package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerEvent.Exited;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a step depends on beside the record and the observation.
 *
 * @param now the wall clock
 * @param deletes whether the container's tasks are ours to delete
 * @param outOfMemory whether the current run is reported to have run out of memory
 * @param shimLost whether the current run's shim could not be reached when it was last tried
 * @param waiting how much was observed of the container besides and waits in its queue
 * @param waitingExits the exits among that, and the one that is dealt with
 * @param creationWaits whether the creation of a container of this id is among it
 * @param unverified whether the container may have been made anew since it was read: events were
 *     missed
 * @param clock where dates do not tell an order
 * @param predecessors the containers that had the id before
 * @param without safeguards that are taken away; empty but in tests
 */
public record Context(
    Instant now,
    boolean deletes,
    boolean outOfMemory,
    boolean shimLost,
    int waiting,
    List<Observation.Event> waitingExits,
    boolean creationWaits,
    boolean unverified,
    ClockSteps clock,
    Predecessors predecessors,
    Set<Safeguard> without) {

  public Context {
    waitingExits = List.copyOf(waitingExits);
  }

  /** The exits of init processes that wait. */
  Stream<Exited> exits() {
    return waitingExits.stream().map(Observation.Event::exit).filter(Objects::nonNull);
  }

  boolean has(Safeguard safeguard) {
    return !without.contains(safeguard);
  }
}
