package io.statebridge.architecture.turned;

import io.grpc.Status;

/** What no class of the store may be like. */
public record StoreThatKnowsGrpc(Status status) {}
