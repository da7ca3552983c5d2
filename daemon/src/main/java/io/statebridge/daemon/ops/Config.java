package io.statebridge.daemon.ops;

import io.statebridge.api.ContainerRuntime;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the daemon is to run.
 *
 * @param containerdSocket of the containerd to follow
 * @param listen where we serve
 * @param deleteExitedTasks for namespaces that are not named
 * @param namespaces by name; when there are any, only these are followed
 * @param finalizeAfter how long a failing Delete may hold back a record
 * @param reconcileInterval how often the runtime's list is compared
 * @param retainRemoved how long the end of a container that was removed can be asked for
 * @param changeLogSize how many changes are kept for watchers that lag or resume
 * @param exitWatch who is asked for exits besides the event stream
 * @param checkpoint whether what must not be forgotten is kept on disk
 * @param stateDir where that is; null for the place that belongs to the containerd, see {@link
 *     #checkpointDirectory}
 * @param cri what the CRI's clients find
 */
public record Config(
    Path containerdSocket,
    Path listen,
    Setting deleteExitedTasks,
    Map<String, Setting> namespaces,
    Duration finalizeAfter,
    Duration reconcileInterval,
    Duration retainRemoved,
    int changeLogSize,
    ExitWatchers exitWatch,
    boolean checkpoint,
    @Nullable Path stateDir,
    Cri cri) {

  /**
   * The CRI that we serve.
   *
   * @param namespaces whose containers it shows
   * @param forward whether what we do not serve is passed through to containerd's CRI plugin
   */
  public record Cri(Set<String> namespaces, boolean forward) {
    public Cri {
      namespaces = Set.copyOf(namespaces);
    }
  }

  /** Who is asked for exits besides the event stream. */
  public enum ExitWatchers {
    /** The container's shim, and containerd where the shim cannot be asked. */
    AUTO,
    SHIM,
    CONTAINERD,
    OFF;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final Path CONTAINERD = Path.of("/run/containerd/containerd.sock");
  private static final Path STATE = Path.of("/var/lib/statebridge");

  public static final Config DEFAULTS =
      new Config(
          CONTAINERD,
          Path.of("/run/statebridge/statebridge.sock"),
          Setting.AUTO,
          Map.of(),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofHours(1),
          16_384,
          ExitWatchers.AUTO,
          true,
          null,
          new Cri(Set.of(ContainerRuntime.CRI_NAMESPACE), false));

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
        retainRemoved,
        changeLogSize,
        exitWatch,
        checkpoint,
        stateDir,
        cri);
  }

  public Config withListen(Path path) {
    return new Config(
        containerdSocket,
        path,
        deleteExitedTasks,
        namespaces,
        finalizeAfter,
        reconcileInterval,
        retainRemoved,
        changeLogSize,
        exitWatch,
        checkpoint,
        stateDir,
        cri);
  }

  public Config withNamespaces(Map<String, Setting> only) {
    return new Config(
        containerdSocket,
        listen,
        deleteExitedTasks,
        only,
        finalizeAfter,
        reconcileInterval,
        retainRemoved,
        changeLogSize,
        exitWatch,
        checkpoint,
        stateDir,
        cri);
  }

  public Config withStateDir(Path directory) {
    return new Config(
        containerdSocket,
        listen,
        deleteExitedTasks,
        namespaces,
        finalizeAfter,
        reconcileInterval,
        retainRemoved,
        changeLogSize,
        exitWatch,
        checkpoint,
        directory,
        cri);
  }

  public Config withoutCheckpoint() {
    return new Config(
        containerdSocket,
        listen,
        deleteExitedTasks,
        namespaces,
        finalizeAfter,
        reconcileInterval,
        retainRemoved,
        changeLogSize,
        exitWatch,
        false,
        stateDir,
        cri);
  }

  /**
   * Where the checkpoint is kept. What one containerd's containers did is of no use to the records
   * of another one, so that each has a place of its own unless it was chosen.
   */
  public Path checkpointDirectory() {
    if (stateDir != null) {
      return stateDir;
    }
    Path socket = real(containerdSocket.toAbsolutePath().normalize());
    return socket.equals(real(CONTAINERD)) ? STATE : STATE.resolve(nameOf(socket));
  }

  /** Of another path it is another name. */
  private static String nameOf(Path socket) {
    return socket.toString().substring(1).replace("%", "%25").replace("-", "%2d").replace('/', '-');
  }

  /** A link to a containerd's socket, or to its directory, is the same containerd. */
  private static Path real(Path socket) {
    try {
      return socket.toRealPath();
    } catch (IOException e) {
      // It may not be there yet.
    }
    Path directory = socket.getParent();
    try {
      return directory == null ? socket : directory.toRealPath().resolve(socket.getFileName());
    } catch (IOException e) {
      return socket;
    }
  }
}
