package io.statebridge.daemon.containerd;

import java.util.ArrayList;
import java.util.List;

/**
 * An image, with all the names that containerd has for it.
 *
 * @param pinned not to be removed to make room
 */
public record ContainerdImage(ImageContent content, List<String> names, boolean pinned) {

  public ContainerdImage {
    names = List.copyOf(names);
  }

  ContainerdImage with(ContainerdImage other) {
    List<String> all = new ArrayList<>(names);
    all.addAll(other.names());
    return new ContainerdImage(content, all, pinned || other.pinned());
  }
}
