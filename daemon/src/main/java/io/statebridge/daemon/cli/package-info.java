/**
 * The command line client: one class a command, each of which makes one call to the daemon's socket
 * and prints the answer as a table for people or as JSON for programs.
 *
 * <p>Everything runs on the calling thread. The package knows the API's messages and nothing of the
 * daemon's inside; only {@code Main} calls it.
 */
@NullMarked
package io.statebridge.daemon.cli;

import org.jspecify.annotations.NullMarked;
