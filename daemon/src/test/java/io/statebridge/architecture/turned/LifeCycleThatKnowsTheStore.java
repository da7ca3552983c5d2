package io.statebridge.architecture.turned;

import io.statebridge.store.ContainerStore;

/** What no rule of the life cycle may be like. */
public record LifeCycleThatKnowsTheStore(ContainerStore store) {}
