package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.TaskInfo;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The containers whose shim did not say in time how its task is doing, when it was last asked: what
 * is known of them may be old. Written by the loop, read by any thread.
 */
final class SilentShims {

  private static final Logger log = LoggerFactory.getLogger(SilentShims.class);

  private final Set<ContainerId> silent = new ConcurrentSkipListSet<>();

  /** What the runtime said of a task. */
  void told(TaskInfo task) {
    if (task.status() == TaskInfo.Status.UNKNOWN) {
      failed(task.id());
    } else {
      answered(task.id());
    }
  }

  /** It was asked for, and the shim did not answer. */
  void failed(ContainerId id) {
    if (silent.add(id)) {
      log.warn("{}: its shim does not answer; what is known of its task may be old", id);
    }
  }

  void answered(ContainerId id) {
    if (silent.remove(id)) {
      log.info("{}: its shim answers again", id);
    }
  }

  /** There is no task to be asked about. */
  void gone(ContainerId id) {
    silent.remove(id);
  }

  Set<ContainerId> all() {
    return new TreeSet<>(silent);
  }
}
