/** Tests of the store: its rules one by one, and then with many threads at once. */
@NullMarked
package io.statebridge.store;

import org.jspecify.annotations.NullMarked;
