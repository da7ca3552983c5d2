/** Tests of what we understand of containerd, alone and against the simulator. */
@NullMarked
package io.statebridge.daemon.containerd;

import org.jspecify.annotations.NullMarked;
