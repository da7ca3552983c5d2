/** Tests of the domain: plain values, each rule by itself. */
@NullMarked
package io.statebridge.api;

import org.jspecify.annotations.NullMarked;
