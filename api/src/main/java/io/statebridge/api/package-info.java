/**
 * The domain: containers, how they end, what a runtime tells of them, and the port through which a
 * runtime is asked.
 *
 * <p>Plain immutable Java without a thread of its own and without gRPC on its class path. Every
 * other module may use it; it uses none of them.
 */
@NullMarked
package io.statebridge.api;

import org.jspecify.annotations.NullMarked;
