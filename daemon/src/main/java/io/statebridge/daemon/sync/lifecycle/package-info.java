/**
 * What a container's record may become: all rules of a container's life, without I/O.
 *
 * <p>{@link io.statebridge.daemon.sync.lifecycle.LifeCycle#on} is a pure function of the record, of
 * what was observed, and of a few facts beside it. It has no loop, no store and no runtime, and may
 * use {@code api} and the JDK alone. Called by {@code sync}, which commits its steps and carries
 * out their effects. Thread-safe: there is no state.
 */
@NullMarked
package io.statebridge.daemon.sync.lifecycle;

import org.jspecify.annotations.NullMarked;
