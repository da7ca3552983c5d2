/**
 * The daemon's entry point: {@link io.statebridge.daemon.Main} composes what the packages below
 * offer.
 */
@NullMarked
package io.statebridge.daemon;

import org.jspecify.annotations.NullMarked;
