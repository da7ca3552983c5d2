/**
 * The project as its users meet it: {@code bin/statebridge} as a process, against a real containerd
 * of the test's own and against the simulator.
 *
 * <p>{@link io.statebridge.endtoend.RealContainerd} and {@link
 * io.statebridge.endtoend.StatebridgeProcess} start what a test needs and end it again; the classes
 * named {@code *IT} are the tests.
 */
@NullMarked
package io.statebridge.endtoend;

import org.jspecify.annotations.NullMarked;
