package io.statebridge.api;

/**
 * What a container is doing; derived from its times by {@link ContainerRecord#state()}, never
 * stored.
 */
public enum ContainerState {
  CREATED,
  RUNNING,
  EXITED,
  UNKNOWN
}
