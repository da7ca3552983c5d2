/** Tests of the CRI: records are written by the test, and usage is told by a fake runtime. */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
