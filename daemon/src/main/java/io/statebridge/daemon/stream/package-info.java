/**
 * Calls that stay open and follow the store, whatever their messages are.
 *
 * <p>For {@code rpc} and {@code cri}, which say what is told. A call has its own cursor and its own
 * steps, on the calls' threads, so that none waits for another.
 */
@NullMarked
package io.statebridge.daemon.stream;

import org.jspecify.annotations.NullMarked;
