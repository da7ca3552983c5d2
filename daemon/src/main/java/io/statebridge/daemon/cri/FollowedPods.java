package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pods of one revision, brought to the next one commit by commit. For one thread at a time. */
final class FollowedPods {

  private final Map<ContainerId, FollowedPod> pods = new HashMap<>();

  /**
   * A container or a sandbox is there or has changed.
   *
   * @param before null when it is new
   * @return its pod
   */
  FollowedPod put(@Nullable CriView before, CriView after) {
    if (before != null && !key(before).equals(key(after))) {
      remove(before);
    }
    FollowedPod pod = pods.computeIfAbsent(key(after), key -> new FollowedPod());
    pod.put(after);
    return pod;
  }

  /**
   * A container or a sandbox is gone.
   *
   * @return the pod that it was in, which is forgotten with the last of its containers
   */
  FollowedPod remove(CriView last) {
    FollowedPod pod = pods.computeIfAbsent(key(last), key -> new FollowedPod());
    pod.remove(last);
    if (pod.isOver()) {
      pods.remove(key(last));
    }
    return pod;
  }

  private static ContainerId key(CriView view) {
    return new ContainerId(view.record().id().namespace(), FollowedPod.idOf(view));
  }
}
