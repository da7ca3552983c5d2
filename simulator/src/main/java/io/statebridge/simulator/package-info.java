/**
 * A containerd that runs no containers: the same gRPC services on a real unix socket, with
 * containerd's own answers, omissions and mistakes, and with faults on demand. Tests, benchmarks
 * and the demo use it through {@link io.statebridge.simulator.SimulatedContainerd}, from any
 * thread.
 */
@NullMarked
package io.statebridge.simulator;

import org.jspecify.annotations.NullMarked;
