package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A container as it really was, from its creation to its removal. */
final class LedgerContainer {
  final ContainerId id;
  final Slot slot;
  final Instant createdAt;

  /** The id of its pod's sandbox, empty for none. */
  final String sandboxId;

  /** Later ones of the same id have a higher one. */
  final int creation;

  final List<LedgerRun> runs = new ArrayList<>();

  /** Whether containerd has its metadata. */
  boolean exists = true;

  /** Whether this life of the daemon was told that there is such a container. */
  boolean announced;

  int updates;

  /** What the CRI plugin remembers of its end; null while it does not. */
  @Nullable LedgerRun criEnd;

  LedgerContainer(ContainerId id, Slot slot, Instant createdAt, String sandboxId, int creation) {
    this.id = id;
    this.slot = slot;
    this.createdAt = createdAt;
    this.sandboxId = sandboxId;
    this.creation = creation;
  }

  @Nullable LedgerRun last() {
    return runs.isEmpty() ? null : runs.getLast();
  }

  ContainerInfo info() {
    Map<String, String> labels =
        slot.isSandbox()
            ? Map.of("io.cri-containerd.kind", "sandbox", "updates", "" + updates)
            : Map.of("updates", "" + updates);
    String metadata = slot.isCri() ? "{}" : "";
    return new ContainerInfo(id, "image", "runc", labels, sandboxId, createdAt, metadata, "");
  }

  @Override
  public String toString() {
    return id + " creation " + creation;
  }
}
