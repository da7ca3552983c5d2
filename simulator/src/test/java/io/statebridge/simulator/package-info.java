/** Tests of the simulator as its clients see it: over gRPC, on a real unix socket. */
@NullMarked
package io.statebridge.simulator;

import org.jspecify.annotations.NullMarked;
