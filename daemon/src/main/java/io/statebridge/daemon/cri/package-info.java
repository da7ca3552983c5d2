/**
 * The read side of the Kubernetes CRI, version 1: containers and pods from the store, images and
 * what containers use by containerd.
 *
 * <p>A record is seen as the CRI sees it: a sandbox, or a container of one. What the CRI plugin
 * keeps with its containers, as JSON, is read here and nowhere else.
 */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
