/**
 * The adapter to containerd: its gRPC services behind the {@link
 * io.statebridge.api.ContainerRuntime} port.
 *
 * <p>Callbacks run on the channel's one event loop thread and return at once. Used by the
 * composition root only; the only package besides {@code rpc} and {@code cli} that may import
 * generated classes.
 */
@NullMarked
package io.statebridge.daemon.containerd;

import org.jspecify.annotations.NullMarked;
