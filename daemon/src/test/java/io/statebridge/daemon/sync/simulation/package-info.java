/**
 * Whole schedules of the sync part, on one thread with fake time, against a model of containerd and
 * its shims, and checks that know only what the model did and what the daemon was told.
 *
 * <p>{@link io.statebridge.daemon.sync.simulation.Simulation} runs one schedule. Everything that
 * happens in it follows from the schedule, which follows from a seed: a failure can be run again,
 * and made shorter by leaving out steps.
 */
@NullMarked
package io.statebridge.daemon.sync.simulation;

import org.jspecify.annotations.NullMarked;
