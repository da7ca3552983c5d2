package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Containers, by containerd's own command line tool: another client than the daemon's. */
record Ctr(Path socket, RootFilesystem rootFilesystem) {

  /** Runs a shell script as a container and returns once it was started. */
  void run(ContainerId id, String script) {
    List<String> command = new ArrayList<>(List.of("run", "-d", "--null-io"));
    command.addAll(container(id, Map.of(), script));
    must(id, command);
  }

  /** Runs a shell script as a container to its end, and removes it; its exit code. */
  int runAndRemove(ContainerId id, String script) {
    List<String> command = new ArrayList<>(List.of("run", "--rm"));
    command.addAll(container(id, Map.of(), script));
    return run(id, command).status();
  }

  /** Runs a container that goes on until {@link #tell} gives it its exit code. */
  void runUntilTold(ContainerId id) {
    run(id, rootFilesystem.untilTold(id));
  }

  void tell(ContainerId id, int code) {
    rootFilesystem.tell(id, code);
  }

  /** Creates a container without a task; its task would go on until it is told to exit. */
  void create(ContainerId id, Map<String, String> labels) {
    List<String> command = new ArrayList<>(List.of("container", "create"));
    command.addAll(container(id, labels, rootFilesystem.untilTold(id)));
    must(id, command);
  }

  /** Creates one with a label whose value is no UTF-8; whether containerd takes that. */
  boolean createWithBadLabel(ContainerId id) {
    String file = rootFilesystem.addScript(id, rootFilesystem.untilTold(id));
    String command =
        "exec ctr -a '%s' -n '%s' container create --label \"bad=$(printf 'a\\377\\376')\" --label good=1 --rootfs '%s' '%s' /bin/sh '%s'"
            .formatted(socket, id.namespace(), rootFilesystem.root(), id.id(), file);
    return Program.run(new ProcessBuilder("/bin/sh", "-c", command)).status() == 0;
  }

  /** Executes a shell script in a running container, to its end; its exit status. */
  int exec(ContainerId id, String execId, String script) {
    return run(id, List.of("task", "exec", "--exec-id", execId, id.id(), "/bin/sh", "-c", script))
        .status();
  }

  void kill(ContainerId id) {
    must(id, List.of("task", "kill", "--signal", "SIGKILL", id.id()));
  }

  void pause(ContainerId id) {
    must(id, List.of("task", "pause", id.id()));
  }

  void resume(ContainerId id) {
    must(id, List.of("task", "resume", id.id()));
  }

  void deleteContainer(ContainerId id) {
    must(id, List.of("container", "delete", id.id()));
  }

  private List<String> container(ContainerId id, Map<String, String> labels, String script) {
    List<String> arguments = new ArrayList<>();
    labels.forEach((key, value) -> arguments.addAll(List.of("--label", key + "=" + value)));
    // As a file: "ctr container create" takes a -c of the command for its own.
    String file = rootFilesystem.addScript(id, script);
    arguments.addAll(
        List.of("--rootfs", rootFilesystem.root().toString(), id.id(), "/bin/sh", file));
    return arguments;
  }

  private void must(ContainerId id, List<String> command) {
    Program.Result result = run(id, command);
    if (result.status() != 0) {
      throw new IllegalStateException("ctr " + command + " of " + id + " failed: " + result);
    }
  }

  private Program.Result run(ContainerId id, List<String> command) {
    List<String> all =
        new ArrayList<>(List.of("ctr", "-a", socket.toString(), "-n", id.namespace()));
    all.addAll(command);
    return Program.run(new ProcessBuilder(all));
  }
}
