/** Tests of the CRI, against a plugin that is played. */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
