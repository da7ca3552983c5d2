/** Tests of the configuration, of the sync thread, and of the daemon as a whole. */
@NullMarked
package io.statebridge.daemon.ops;

import org.jspecify.annotations.NullMarked;
