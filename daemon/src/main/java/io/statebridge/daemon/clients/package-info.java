/**
 * What clients may hold of the daemon: connections, open calls, and the bytes of requests and
 * answers that are in its memory.
 *
 * <p>For {@code rpc}, which puts it between the transport and the services, and for {@code cri},
 * whose forwarded calls hold what containerd sends. {@link Clients} is the account and knows no
 * gRPC; the other classes tell it what happens. They run on the transport's threads and on the
 * calls' threads.
 */
@NullMarked
package io.statebridge.daemon.clients;

import org.jspecify.annotations.NullMarked;
