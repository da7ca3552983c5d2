package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerId;
import java.util.Collection;
import java.util.concurrent.CompletionStage;

/** Brings records up to what the runtime says at this moment. Thread-safe. */
@FunctionalInterface
public interface Settler {

  /**
   * Has containers looked at, each in its turn. Completes when what the runtime said after this
   * call is in the store; may stay open for as long as the runtime cannot be asked.
   */
  CompletionStage<Void> settle(Collection<ContainerId> ids);
}
