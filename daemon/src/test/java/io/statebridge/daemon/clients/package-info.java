@NullMarked
package io.statebridge.daemon.clients;

import org.jspecify.annotations.NullMarked;
