/** Tests of the command line client against a daemon that only plays back answers. */
@NullMarked
package io.statebridge.daemon.cli;

import org.jspecify.annotations.NullMarked;
