/**
 * The container state store: what is known of every container, numbered by commit, and a bounded
 * log of changes that watchers follow at their own pace.
 *
 * <p>The checkpoint follows it too, and keeps on disk what the runtime could not give back.
 *
 * <p>Plain Java on top of the domain, without gRPC on its class path; the checkpoint's writer is
 * its only thread. Written by the daemon's sync package only; read by its rpc package.
 */
@NullMarked
package io.statebridge.store;

import org.jspecify.annotations.NullMarked;
