@NullMarked
package io.statebridge.daemon.sync.lifecycle;

import org.jspecify.annotations.NullMarked;
