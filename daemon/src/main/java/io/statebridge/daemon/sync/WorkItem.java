package io.statebridge.daemon.sync;

import java.util.concurrent.CompletionStage;

/**
 * One piece of work on one container. It is done when its stage completes; when the stage fails, or
 * {@link #run} throws, it stays at the head of its container's queue and is run again after a
 * backoff: it must be able to pick up where it stopped.
 */
@FunctionalInterface
interface WorkItem {
  CompletionStage<Void> run();
}
