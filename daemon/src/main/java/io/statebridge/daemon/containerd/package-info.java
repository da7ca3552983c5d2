/**
 * The adapter to containerd: its gRPC services behind the {@link
 * io.statebridge.api.ContainerRuntime} port.
 *
 * <p>Callbacks run on the channel's one event loop thread and return at once. Images and snapshots
 * are no part of the port: {@code cri} asks for them here, on its own threads, which block.
 */
@NullMarked
package io.statebridge.daemon.containerd;

import org.jspecify.annotations.NullMarked;
