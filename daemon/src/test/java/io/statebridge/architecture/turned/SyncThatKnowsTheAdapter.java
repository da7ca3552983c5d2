package io.statebridge.architecture.turned;

import io.statebridge.daemon.containerd.GrpcContainerRuntime;

/** What no class of the sync part may be like. */
public record SyncThatKnowsTheAdapter(GrpcContainerRuntime runtime) {}
