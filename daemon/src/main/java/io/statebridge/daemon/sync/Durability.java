package io.statebridge.daemon.sync;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where commits of the store are kept so that they outlive this process. */
@FunctionalInterface
public interface Durability {

  /** For a store that is purely in memory. */
  Durability NONE = revision -> CompletableFuture.completedStage(null);

  /**
   * Completes when the commit and all before it are kept, or when it is certain that they cannot be
   * at the moment: nobody waits for a disk for ever. Never fails.
   *
   * @param revision of the store
   */
  CompletionStage<@Nullable Void> durable(long revision);
}
