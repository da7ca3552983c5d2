/**
 * Running the daemon: its configuration, its sync thread, and the composition of the other packages
 * into one process.
 */
@NullMarked
package io.statebridge.daemon.ops;

import org.jspecify.annotations.NullMarked;
