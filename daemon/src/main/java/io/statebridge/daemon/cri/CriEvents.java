package io.statebridge.daemon.cri;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.daemon.stream.StoreStream;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.Entry;
import io.statebridge.store.Snapshot;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The events of one subscriber. The pod and the containers that come with an event are as of the
 * commit that it tells, which is why each subscriber follows them by itself.
 *
 * <p>A sandbox has events of its own, under its id, as from containerd's plugin. A container that
 * no CRI plugin made has the same id as its pod, and then one event tells of both.
 */
final class CriEvents implements StoreStream.Source<ContainerEventResponse> {

  private final CriRecords records;
  private final FollowedPods pods = new FollowedPods();
  private long lastToldAtNanos;

  CriEvents(CriRecords records) {
    this.records = records;
  }

  @Override
  public Iterator<ContainerEventResponse> begin(Snapshot snapshot) {
    snapshot.entries().stream()
        .filter(records::isShown)
        .forEach(entry -> pods.put(null, records.view(entry)));
    return Collections.emptyIterator();
  }

  @Override
  public List<ContainerEventResponse> tell(Change change) {
    Entry before = shown(change.before());
    Entry after = shown(change.after());
    Entry last = after == null ? before : after;
    if (last == null) {
      return List.of();
    }
    CriView subject = records.view(last);
    FollowedPod pod =
        after == null
            ? pods.remove(subject)
            : pods.put(before == null ? null : records.view(before), subject);
    List<ContainerEventType> types =
        CriPhases.told(
            before == null ? null : before.record(), after == null ? null : after.record());
    return types.isEmpty() ? List.of() : events(types, change.at(), subject, pod);
  }

  private @Nullable Entry shown(@Nullable Entry entry) {
    return entry != null && records.isShown(entry) ? entry : null;
  }

  private List<ContainerEventResponse> events(
      List<ContainerEventType> types, Instant at, CriView subject, FollowedPod pod) {
    List<ContainerStatus> statuses = pod.statuses(subject);
    PodSandboxStatus podStatus = pod.status(subject, statuses);
    List<ContainerEventResponse> events = new ArrayList<>();
    for (ContainerEventType type : types) {
      // Of several events of one commit only the first can have its time.
      lastToldAtNanos = Math.max(lastToldAtNanos + 1, ChronoUnit.NANOS.between(Instant.EPOCH, at));
      events.add(
          ContainerEventResponse.newBuilder()
              .setContainerId(subject.id())
              .setContainerEventType(type)
              .setCreatedAt(lastToldAtNanos)
              .setPodSandboxStatus(podStatus)
              .addAllContainersStatuses(statuses)
              .build());
    }
    return events;
  }

  @Override
  public StatusRuntimeException overtaken(CompactedException why) {
    return Status.OUT_OF_RANGE
        .withDescription(
            "the events were read too slowly, and some are lost ("
                + why.getMessage()
                + "): subscribe again, then list")
        .asRuntimeException();
  }
}
