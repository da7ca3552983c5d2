package io.statebridge.daemon.rpc;

import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.PendingExit;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.proto.v1.SyncState;
import io.statebridge.store.Entry;
import java.time.Instant;

/** The domain as messages of the public API. */
final class Protos {

  private Protos() {}

  static io.statebridge.proto.v1.Container container(Entry entry) {
    ContainerRecord container = entry.record();
    ContainerInfo info = container.info();
    io.statebridge.proto.v1.Container.Builder builder =
        io.statebridge.proto.v1.Container.newBuilder()
            .setNamespace(info.id().namespace())
            .setId(info.id().id())
            .setState(state(container.state()))
            .setPid((int) container.pid())
            .setImage(info.image())
            .setRuntime(info.runtime())
            .putAllLabels(info.labels())
            .setSandboxId(info.sandboxId())
            .setPaused(container.paused())
            .setCleanupPending(container.cleanupPending())
            .setOrphaned(container.orphaned())
            .setRevision(entry.revision());
    if (info.createdAt() != null) {
      builder.setCreatedAt(timestamp(info.createdAt()));
    }
    if (container.startedAt() != null) {
      builder.setStartedAt(timestamp(container.startedAt()));
    }
    Exit exit = container.exit();
    if (exit != null) {
      builder
          .setFinishedAt(timestamp(exit.exitedAt()))
          .setExitCode(exit.code())
          .setReason(exit.reason())
          .setMessage(exit.message())
          .setSource(source(exit.source()));
    }
    if (entry.removedAt() != null) {
      builder.setRemovedAt(timestamp(entry.removedAt()));
    }
    PendingExit pending = container.pendingExit();
    if (pending != null) {
      builder.setPendingExit(pendingExit(pending));
    }
    return builder.build();
  }

  private static io.statebridge.proto.v1.PendingExit pendingExit(PendingExit pending) {
    return io.statebridge.proto.v1.PendingExit.newBuilder()
        .setExitCode(pending.exit().code())
        .setExitedAt(timestamp(pending.exit().exitedAt()))
        .setObservedAt(timestamp(pending.observedAt()))
        .setSource(source(pending.exit().source()))
        .setDeleteAttempts(pending.deleteAttempts())
        .setLastError(pending.lastError())
        .build();
  }

  static ContainerState state(io.statebridge.api.ContainerState state) {
    return switch (state) {
      case CREATED -> ContainerState.CONTAINER_STATE_CREATED;
      case RUNNING -> ContainerState.CONTAINER_STATE_RUNNING;
      case EXITED -> ContainerState.CONTAINER_STATE_EXITED;
      case UNKNOWN -> ContainerState.CONTAINER_STATE_UNKNOWN;
    };
  }

  private static ExitSource source(io.statebridge.api.ExitSource source) {
    return switch (source) {
      case EVENT -> ExitSource.EXIT_SOURCE_EVENT;
      case SHIM -> ExitSource.EXIT_SOURCE_SHIM;
      case WAIT -> ExitSource.EXIT_SOURCE_WAIT;
      case LISTED -> ExitSource.EXIT_SOURCE_LISTED;
      case CRI -> ExitSource.EXIT_SOURCE_CRI;
      case UNKNOWN -> ExitSource.EXIT_SOURCE_UNKNOWN;
    };
  }

  /**
   * @param complete whether the store is
   */
  static SyncState sync(SyncStatus status, boolean complete, Instant now) {
    SyncState.Builder builder =
        SyncState.newBuilder().setInSync(status.inSync()).setIncomplete(!complete);
    Instant lastInSyncAt = status.inSync() ? now : status.lastInSyncAt();
    if (lastInSyncAt != null) {
      builder.setLastInSyncAt(timestamp(lastInSyncAt));
    }
    return builder.build();
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
