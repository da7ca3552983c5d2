/**
 * The read side of the Kubernetes CRI, version 1: containers and pods from the store, images and
 * what containers use by containerd.
 *
 * <p>A record is seen as the CRI sees it: a sandbox, or a container of one. What the CRI plugin
 * keeps with its containers, as JSON, is read here and nowhere else.
 *
 * <p>{@code CriServices} puts it together. From there the roads part: {@code CriRecords} and {@code
 * CriView} for what records say, {@code CriEvents} for their changes, {@code CriStats} for what
 * containers use, {@code CriImageService} for images, {@code CriConditions} for the node, and
 * {@code CriForwarding} for all that is not served. Calls come on threads that may block.
 */
@NullMarked
package io.statebridge.daemon.cri;

import org.jspecify.annotations.NullMarked;
