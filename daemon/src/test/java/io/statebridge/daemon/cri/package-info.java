/** Tests of the CRI as it is answered from records, and before a plugin that is played. */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
