/**
 * From events to records: the subscription, the dispatcher, a work queue per container, the exit
 * handler, exit watches and the periodic comparison. What becomes of a record is decided in {@code
 * lifecycle}.
 *
 * <p>Everything here runs on one thread, the {@link io.statebridge.daemon.sync.SyncLoop}, and
 * nothing on it ever blocks: calls to the runtime are stages that return to the loop. So no class
 * here needs a lock, and a test with a loop of its own and fake time replays any schedule. Knows
 * the runtime only through its port; imports neither the containerd adapter nor the gRPC services.
 */
@NullMarked
package io.statebridge.daemon.sync;

import org.jspecify.annotations.NullMarked;
