/**
 * Tests of the API as its clients see it, on a real unix socket, over a store that the tests write;
 * what needs a certain order of steps is tested on the stream itself.
 */
@NullMarked
package io.statebridge.daemon.rpc;

import org.jspecify.annotations.NullMarked;
