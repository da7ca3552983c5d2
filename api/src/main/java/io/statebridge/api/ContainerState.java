package io.statebridge.api;

/** What a container is doing; derived from its times by {@link Container#state()}, never stored. */
public enum ContainerState {
  CREATED,
  RUNNING,
  EXITED,
  UNKNOWN
}
