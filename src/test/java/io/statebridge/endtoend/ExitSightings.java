package io.statebridge.endtoend;

import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A watcher that notes when it first saw each container's exit, and when its record. */
final class ExitSightings implements StreamObserver<WatchContainersResponse> {

  /** An exit as it was seen. */
  record Sighting(int code, Instant exitedAt, Instant seenAt, ExitSource source) {
    /** How long after its happening. */
    Duration after() {
      return Duration.between(exitedAt, seenAt);
    }
  }

  private final Map<String, Sighting> first = new ConcurrentHashMap<>();
  private final Map<String, Sighting> recorded = new ConcurrentHashMap<>();

  private volatile boolean open = true;

  static ExitSightings of(StatebridgeProcess statebridge) {
    ExitSightings sightings = new ExitSightings();
    statebridge
        .asyncClient()
        .watchContainers(WatchContainersRequest.getDefaultInstance(), sightings);
    return sightings;
  }

  /** The first sight of the container's exit, pending or recorded. */
  Optional<Sighting> first(ContainerId id) {
    return Optional.ofNullable(first.get(id.id()));
  }

  /** The first sight of its record. */
  Optional<Sighting> recorded(ContainerId id) {
    return Optional.ofNullable(recorded.get(id.id()));
  }

  @Override
  public void onNext(WatchContainersResponse change) {
    Instant now = Instant.now();
    Container container = change.getContainer();
    if (container.hasPendingExit()) {
      var pending = container.getPendingExit();
      first.putIfAbsent(
          container.getId(),
          new Sighting(
              pending.getExitCode(),
              Records.instant(pending.getExitedAt()),
              now,
              pending.getSource()));
    }
    if (container.hasExitCode()) {
      Sighting sighting =
          new Sighting(
              container.getExitCode(),
              Records.instant(container.getFinishedAt()),
              now,
              container.getSource());
      first.putIfAbsent(container.getId(), sighting);
      recorded.putIfAbsent(container.getId(), sighting);
    }
  }

  /** Whether the watch goes on. */
  boolean isOpen() {
    return open;
  }

  @Override
  public void onError(Throwable failure) {
    open = false;
  }

  @Override
  public void onCompleted() {
    open = false;
  }
}
