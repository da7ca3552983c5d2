package io.statebridge.daemon.cli;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which one container a command is about. */
final class ContainerOptions {
  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NS",
      defaultValue = "",
      description = "The container's namespace (default: any).")
  private String namespace = "";

  @Parameters(
      arity = "1",
      paramLabel = "ID",
      description = "The container's id, or a prefix of it that no other container has.")
  private String id = "";

  String namespace() {
    return namespace;
  }

  String id() {
    return id;
  }
}
