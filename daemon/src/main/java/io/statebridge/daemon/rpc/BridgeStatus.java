package io.statebridge.daemon.rpc;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.Counters;
import io.statebridge.daemon.sync.DeletePolicy;
import io.statebridge.daemon.sync.Sync;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.NamespacePolicy;
import io.statebridge.proto.v1.RuntimeStatus;
import io.statebridge.proto.v1.UnwatchedShim;
import io.statebridge.store.Checkpoint;
import io.statebridge.store.CheckpointStatus;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import io.statebridge.store.Snapshot;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** How the daemon itself is doing, put together when asked. */
final class BridgeStatus {

  /** So that the message stays small however many there are. */
  private static final int MOST_NAMES = 100;

  private final ContainerStore store;
  private final Sync sync;
  private final Checkpoint checkpoint;
  private final String version;
  private final String runtimeAddress;
  private final Instant startedAt;
  private final OpenCalls openCalls;

  BridgeStatus(
      ContainerStore store,
      Sync sync,
      Checkpoint checkpoint,
      String version,
      String runtimeAddress,
      Instant startedAt,
      OpenCalls openCalls) {
    this.store = store;
    this.sync = sync;
    this.checkpoint = checkpoint;
    this.version = version;
    this.runtimeAddress = runtimeAddress;
    this.startedAt = startedAt;
    this.openCalls = openCalls;
  }

  GetBridgeStatusResponse read() {
    Snapshot snapshot = store.snapshot();
    SyncStatus status = sync.status();
    Set<ContainerId> silent = sync.silentShims();
    SortedMap<ContainerId, String> unwatched = sync.notWatchedAtShim();
    List<ContainerRecord> containers = snapshot.entries().stream().map(Entry::record).toList();
    return GetBridgeStatusResponse.newBuilder()
        .setVersion(version)
        .setStartedAt(Protos.timestamp(startedAt))
        .setEpoch(snapshot.epoch())
        .setRevision(snapshot.revision())
        .setContainers(containers.size())
        .setRuntime(runtime(status))
        .setSync(Protos.sync(status, store.isComplete(), Instant.now()))
        .setQueuesActive(sync.activeQueues())
        .setQueuesWaiting(sync.waitingQueues())
        .setPendingExits((int) containers.stream().filter(c -> c.pendingExit() != null).count())
        .setCleanupPending(
            (int) containers.stream().filter(ContainerRecord::cleanupPending).count())
        .setWatchers(openCalls.size())
        .addAllNamespaces(
            sync.policy().decisions().values().stream().map(BridgeStatus::policy).toList())
        .setCounters(counters(sync.counters()))
        .setCheckpoint(checkpoint(checkpoint.status()))
        .putAllExitWatches(exitWatches())
        .addAllSilentShims(silent.stream().limit(MOST_NAMES).map(ContainerId::toString).toList())
        .setSilentShimsTotal(silent.size())
        .addAllUnwatchedShims(
            unwatched.entrySet().stream()
                .limit(MOST_NAMES)
                .map(
                    entry ->
                        UnwatchedShim.newBuilder()
                            .setContainer(entry.getKey().toString())
                            .setReason(entry.getValue())
                            .build())
                .toList())
        .setUnwatchedShimsTotal(unwatched.size())
        .build();
  }

  private Map<String, Integer> exitWatches() {
    return sync.exitWatches().entrySet().stream()
        .collect(Collectors.toMap(entry -> entry.getKey().name(), Map.Entry::getValue));
  }

  private static io.statebridge.proto.v1.CheckpointStatus checkpoint(CheckpointStatus status) {
    return io.statebridge.proto.v1.CheckpointStatus.newBuilder()
        .setState(
            switch (status.state()) {
              case DISABLED -> io.statebridge.proto.v1.CheckpointStatus.State.DISABLED;
              case DURABLE -> io.statebridge.proto.v1.CheckpointStatus.State.DURABLE;
              case DEGRADED -> io.statebridge.proto.v1.CheckpointStatus.State.DEGRADED;
            })
        .setSince(Protos.timestamp(status.since()))
        .setPath(status.path() == null ? "" : status.path().toString())
        .setLastError(status.lastError())
        .setDurableRevision(status.durableRevision())
        .setSetAside(status.setAside() == null ? "" : status.setAside().toString())
        .build();
  }

  private RuntimeStatus runtime(SyncStatus status) {
    return RuntimeStatus.newBuilder()
        .setAddress(runtimeAddress)
        .setPhase(
            switch (status.phase()) {
              case DISCONNECTED -> RuntimeStatus.Phase.DISCONNECTED;
              case CONNECTING -> RuntimeStatus.Phase.CONNECTING;
              case RECONCILING -> RuntimeStatus.Phase.RECONCILING;
              case LIVE -> RuntimeStatus.Phase.LIVE;
            })
        .setSince(Protos.timestamp(status.since()))
        .setRuntimeVersion(status.runtimeVersion())
        .setLastError(status.lastError())
        .setReconnects(status.reconnects())
        .build();
  }

  private static NamespacePolicy policy(DeletePolicy.Decision decision) {
    return NamespacePolicy.newBuilder()
        .setNamespace(decision.namespace())
        .setConfigured(decision.configured().toString())
        .setDeletes(decision.deletes())
        .setWhy(decision.why())
        .build();
  }

  private static io.statebridge.proto.v1.Counters counters(Counters counters) {
    io.statebridge.proto.v1.Counters.Builder builder =
        io.statebridge.proto.v1.Counters.newBuilder()
            .setEvents(counters.events.sum())
            .setEventsUnrecognised(counters.unrecognisedEvents.sum())
            .setEventsMalformed(counters.malformedEvents.sum())
            .setEventsOom(counters.oomEvents.sum())
            .setExitsOfExecs(counters.execExits.sum())
            .setExitsDropped(counters.droppedExits.sum())
            .setExitsConfirmed(counters.confirmedExits.sum())
            .setDeletesFailed(counters.failedDeletes.sum())
            .setReconciles(counters.reconciles.sum())
            .setReconcileDifferences(counters.reconcileDifferences.sum());
    counters
        .recordedExits()
        .forEach((source, count) -> builder.putExitsRecorded(source.name(), count));
    return builder.build();
  }
}
