package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.PendingExit;
import io.statebridge.store.Change;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A record as the checks read it: here alone the simulation knows how records are made. */
record RecordView(
    ContainerId id,
    @Nullable Instant createdAt,
    ContainerState state,
    long pid,
    @Nullable Instant startedAt,
    @Nullable Exit exit,
    @Nullable Exit pending,
    boolean paused,
    boolean cleanupPending,
    boolean orphaned) {

  /** What a checkpoint keeps. */
  record Saved(List<Entry> entries, Map<ContainerId, Long> outOfMemory) {
    static final Saved NOTHING = new Saved(List.of(), Map.of());

    static Saved of(ContainerStore store) {
      return new Saved(store.snapshotWithRemoved().entries(), store.outOfMemoryNotes());
    }

    void restoreTo(ContainerStore store) {
      store.restore(entries);
      outOfMemory.forEach(store::noteOutOfMemory);
    }

    /** Whether it holds how a run ended. */
    boolean holds(LedgerRun run) {
      return entries.stream()
          .filter(entry -> entry.id().equals(run.id()))
          .map(entry -> entry.record().knownExit())
          .anyMatch(exit -> exit != null && run.endedAs(exit));
    }
  }

  static @Nullable RecordView before(Change change) {
    return of(change.before());
  }

  static @Nullable RecordView after(Change change) {
    return of(change.after());
  }

  static @Nullable RecordView get(ContainerStore store, ContainerId id) {
    return of(store.get(id).orElse(null));
  }

  static @Nullable RecordView getOrRemoved(ContainerStore store, ContainerId id) {
    return of(store.getOrRemoved(id).orElse(null));
  }

  /** Whether the kept record of a container that was removed tells how a run ended. */
  static boolean removedAs(ContainerStore store, LedgerRun run) {
    return store.removedOf(run.id()).stream()
        .map(ContainerRecord::exit)
        .anyMatch(exit -> exit != null && run.endedAs(exit));
  }

  static List<RecordView> all(ContainerStore store) {
    return store.snapshot().entries().stream()
        .map(RecordView::of)
        .map(Optional::ofNullable)
        .flatMap(Optional::stream)
        .toList();
  }

  @Nullable Exit knownExit() {
    return exit != null ? exit : pending;
  }

  private static @Nullable RecordView of(@Nullable Entry entry) {
    if (entry == null) {
      return null;
    }
    ContainerRecord container = entry.record();
    PendingExit pending = container.pendingExit();
    return new RecordView(
        container.id(),
        container.info().createdAt(),
        container.state(),
        container.pid(),
        container.startedAt(),
        container.exit(),
        pending == null ? null : pending.exit(),
        container.paused(),
        container.cleanupPending(),
        container.orphaned());
  }

  @Override
  public String toString() {
    return "%s %s%s%s pid %d%s%s%s%s"
        .formatted(
            id,
            state,
            orphaned ? " orphaned" : "",
            paused ? " paused" : "",
            pid,
            startedAt == null ? "" : " started " + startedAt,
            exit == null ? "" : " exit " + shown(exit),
            pending == null ? "" : " pending " + shown(pending),
            cleanupPending ? " cleanup pending" : "");
  }

  static String shown(Exit exit) {
    return "%d %s at %s%s"
        .formatted(
            exit.code(),
            exit.source(),
            exit.exitedAt(),
            exit.message().isEmpty() ? "" : " (" + exit.message() + ")");
  }
}
