package io.statebridge.daemon.ops;

import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * How the daemon is to run.
 *
 * @param containerdSocket of the containerd to follow
 * @param listen where we serve
 * @param deleteExitedTasks for namespaces that are not named
 * @param namespaces by name; when there are any, only these are followed
 * @param finalizeAfter how long a failing Delete may hold back a record
 * @param reconcileInterval how often the runtime's list is compared
 * @param changeLogSize how many changes are kept for watchers that lag or resume
 */
public record Config(
    Path containerdSocket,
    Path listen,
    Setting deleteExitedTasks,
    Map<String, Setting> namespaces,
    Duration finalizeAfter,
    Duration reconcileInterval,
    int changeLogSize) {

  public static final Config DEFAULTS =
      new Config(
          Path.of("/run/containerd/containerd.sock"),
          Path.of("/run/statebridge/statebridge.sock"),
          Setting.AUTO,
          Map.of(),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          16_384);

  public Config {
    namespaces = Map.copyOf(namespaces);
  }

  public Config withContainerdSocket(Path socket) {
    return new Config(
        socket,
        listen,
        deleteExitedTasks,
        namespaces,
        finalizeAfter,
        reconcileInterval,
        changeLogSize);
  }

  public Config withListen(Path path) {
    return new Config(
        containerdSocket,
        path,
        deleteExitedTasks,
        namespaces,
        finalizeAfter,
        reconcileInterval,
        changeLogSize);
  }

  public Config withNamespaces(Map<String, Setting> only) {
    return new Config(
        containerdSocket,
        listen,
        deleteExitedTasks,
        only,
        finalizeAfter,
        reconcileInterval,
        changeLogSize);
  }
}
