package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.types.Process;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.v1.Container;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.core.ConditionTimeoutException;

/** Ends what a test left in its containerd, whatever state that is in. */
final class Leftovers {

  private Leftovers() {}

  static void removeContainers(ContainerdClient client) {
    for (String namespace : client.namespaces()) {
      client.containers(namespace).forEach(id -> remove(client, id));
    }
  }

  static void remove(ContainerdClient client, ContainerId id) {
    // Somebody else may do the same at the same time, such as a daemon that deletes tasks.
    await("the end of " + id)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> endOfTask(client, id));
    client.deleteContainer(id);
  }

  private static boolean endOfTask(ContainerdClient client, ContainerId id) {
    Process task = client.task(id).orElse(null);
    if (task == null) {
      return true;
    }
    switch (task.getStatus()) {
      case PAUSED -> client.resume(id);
      case RUNNING -> client.kill(id);
      case CREATED, STOPPED -> client.deleteTask(id);
      case PAUSING, UNKNOWN, UNRECOGNIZED -> {}
    }
    return false;
  }

  /** Shims end when their task was deleted; one that does not is ended, with its container. */
  static void endShims(Path socket) {
    try {
      await().until(() -> shims(socket).isEmpty());
    } catch (ConditionTimeoutException e) {
      for (ProcessHandle shim : shims(socket)) {
        shim.descendants().forEach(ProcessHandle::destroyForcibly);
        shim.destroyForcibly();
      }
      throw e;
    }
  }

  /** The parent of a container's init process. */
  static ProcessHandle shimOf(Container container) {
    return ProcessHandle.of(container.getPid()).flatMap(ProcessHandle::parent).orElseThrow();
  }

  /** The shims of a containerd's containers. */
  static List<ProcessHandle> shims(Path socket) {
    return ProcessHandle.allProcesses()
        .filter(process -> isShim(process.info().commandLine().orElse(""), socket))
        .toList();
  }

  /** Resident, in KiB, all of them together. */
  static long memoryOfShims(Path socket) throws IOException {
    long sum = 0;
    for (ProcessHandle shim : shims(socket)) {
      for (String line : Files.readAllLines(Path.of("/proc/" + shim.pid() + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          sum += Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
    }
    return sum;
  }

  private static boolean isShim(String commandLine, Path socket) {
    return commandLine.contains("containerd-shim") && commandLine.contains(socket.toString());
  }

  /** What runc and the cgroups keep of a namespace after its last container: empty directories. */
  static void removeDirectories(String namespace) throws IOException {
    List<Path> directories = new ArrayList<>();
    directories.add(Path.of("/run/containerd/runc", namespace));
    Path cgroups = Path.of("/sys/fs/cgroup");
    directories.add(cgroups.resolve(namespace));
    try (DirectoryStream<Path> hierarchies =
        Files.newDirectoryStream(cgroups, Files::isDirectory)) {
      hierarchies.forEach(hierarchy -> directories.add(hierarchy.resolve(namespace)));
    }
    for (Path directory : directories) {
      try {
        Files.deleteIfExists(directory);
      } catch (FileSystemException e) {
        // The CRI plugin's namespace has no other name: another containerd's pods may be there.
        if (!namespace.equals(CriPods.NAMESPACE)) {
          throw e;
        }
      }
    }
  }

  /** Has a CRI plugin remove its pods, which it alone can do wholly. */
  static void removePods(CriPods pods) {
    pods.stub()
        .listPodSandbox(ListPodSandboxRequest.getDefaultInstance())
        .getItemsList()
        .forEach(pod -> pods.remove(pod.getId()));
  }
}
