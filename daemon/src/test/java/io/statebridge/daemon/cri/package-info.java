/** Tests of the CRI as it is answered from records. */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
