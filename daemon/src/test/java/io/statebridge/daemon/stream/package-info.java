/**
 * Tests of calls that stay open; and the server's end of a call, for the tests of what uses them.
 */
@NullMarked
package io.statebridge.daemon.stream;

import org.jspecify.annotations.NullMarked;
