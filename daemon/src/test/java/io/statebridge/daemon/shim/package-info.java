/** Tests of the waits at shims, against shims that are played. */
@NullMarked
package io.statebridge.daemon.shim;

import org.jspecify.annotations.NullMarked;
