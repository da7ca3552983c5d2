package io.statebridge.api;

import java.util.concurrent.CompletionStage;

/**
 * What containers use of the node, measured by the runtime when it is asked. Stages, deadlines and
 * failures are as those of {@link ContainerRuntime}. Thread-safe.
 */
public interface ContainerUsage {

  /** Fails with NOT_FOUND when the runtime has nothing to tell: no task, or no answer of a shim. */
  CompletionStage<TaskUsage> task(ContainerId id);

  /** Fails with NOT_FOUND when there is no such container, or none with a layer of its own. */
  CompletionStage<LayerUsage> writableLayer(ContainerId id);
}
