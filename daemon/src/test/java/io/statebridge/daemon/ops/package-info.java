/** Tests of the configuration and of the sync thread. */
@NullMarked
package io.statebridge.daemon.ops;

import org.jspecify.annotations.NullMarked;
