/**
 * The public gRPC API, answered from the store alone.
 *
 * <p>Calls run on virtual threads; each open stream has a sequential executor of its own on top of
 * them, so its state needs no lock. Used by the composition root only.
 */
@NullMarked
package io.statebridge.daemon.rpc;

import org.jspecify.annotations.NullMarked;
