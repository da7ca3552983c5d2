package io.statebridge.daemon.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.Run;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Entry;
import java.util.function.Supplier;

/**
 * What a read may be told, as far as the store is known to agree with the runtime: nothing is
 * guessed while the store is incomplete. Thread-safe.
 */
final class Knowledge {

  private final ContainerStore store;
  private final Supplier<SyncStatus> sync;

  Knowledge(ContainerStore store, Supplier<SyncStatus> sync) {
    this.store = store;
    this.sync = sync;
  }

  /**
   * Whether a record can be told. Of a container whose task was not read yet it would say that it
   * was never started.
   */
  boolean has(Entry entry) {
    return store.isComplete() || !(entry.record().run() instanceof Run.None);
  }

  /**
   * @param required whether the client asked for it
   * @throws StatusRuntimeException UNAVAILABLE that says why
   */
  void checkInSync(boolean required) {
    if (required && !sync.get().inSync()) {
      throw unavailable("the request requires it");
    }
  }

  /**
   * Instead of NOT_FOUND, which nobody can say yet.
   *
   * @param what is not known
   * @throws StatusRuntimeException UNAVAILABLE while the store is incomplete
   */
  void checkComplete(String what) {
    if (!store.isComplete()) {
      throw unavailable(what + " is not known yet");
    }
  }

  private StatusRuntimeException unavailable(String why) {
    SyncStatus now = sync.get();
    String error = now.lastError().isEmpty() ? "" : ": " + now.lastError();
    return Status.UNAVAILABLE
        .withDescription(
            "%s, and statebridge is not in sync with containerd (%s%s); try again"
                .formatted(why, now.phase(), error))
        .asRuntimeException();
  }
}
