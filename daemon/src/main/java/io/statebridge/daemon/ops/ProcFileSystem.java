package io.statebridge.daemon.ops;

import io.statebridge.api.ContainerId;
import io.statebridge.daemon.sync.NodeProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * The kernel's process table below /proc. Reading it does not block: it is no disk.
 *
 * @param root /proc, but for tests
 */
record ProcFileSystem(Path root) implements NodeProcesses {

  static final ProcFileSystem LINUX = new ProcFileSystem(Path.of("/proc"));

  private static final String PARENT = "PPid:";

  @Override
  public Optional<Instant> startOf(long pid) {
    return ProcessHandle.of(pid).flatMap(process -> process.info().startInstant());
  }

  /**
   * An init process is its shim's child, and a shim's working directory is the bundle of the first
   * container that it was started for. Those of the others of its pod are beside it.
   */
  @Override
  public Optional<String> bundleOf(ContainerId id, long pid) {
    try {
      Path shim = root.resolve(parentOf(pid));
      Path first = Files.readSymbolicLink(shim.resolve("cwd"));
      Path namespace = first.getParent();
      if (namespace == null || !namespace.endsWith(id.namespace())) {
        return Optional.empty();
      }
      Path bundle = namespace.resolve(id.id());
      return Files.isDirectory(bundle) ? Optional.of(bundle.toString()) : Optional.empty();
    } catch (IOException e) {
      // The process has ended.
      return Optional.empty();
    }
  }

  private String parentOf(long pid) throws IOException {
    for (String line : Files.readAllLines(root.resolve(Long.toString(pid)).resolve("status"))) {
      if (line.startsWith(PARENT)) {
        return line.substring(PARENT.length()).strip();
      }
    }
    throw new IOException("no parent of process " + pid);
  }
}
