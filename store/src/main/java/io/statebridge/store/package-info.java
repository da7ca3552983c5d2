/**
 * The container state store: what is known of every container, numbered by commit, and a bounded
 * log of changes that watchers follow at their own pace.
 *
 * <p>Plain Java on top of the domain, without a thread of its own and without gRPC on its class
 * path. Written by the daemon's sync package only; read by its rpc package.
 */
@NullMarked
package io.statebridge.store;

import org.jspecify.annotations.NullMarked;
