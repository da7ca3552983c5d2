/**
 * Waits for exits at the shims, over ttrpc, so that they are known while containerd is down.
 *
 * <p>A shim is containerd's. State and Wait are called, which read; nothing else ever is.
 *
 * <p>One thread, "shim-io", serves all connections and holds all state; another, "shim-files",
 * reads the files that say where a shim listens. {@code daemon.ops} puts it together.
 */
@NullMarked
package io.statebridge.daemon.shim;

import org.jspecify.annotations.NullMarked;
