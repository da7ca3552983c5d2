/** Tests of the CRI's services, against the simulator. */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
