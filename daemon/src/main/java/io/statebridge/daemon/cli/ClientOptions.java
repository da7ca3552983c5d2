package io.statebridge.daemon.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every command that calls the daemon takes. */
final class ClientOptions {
  @Option(
      names = "--socket",
      paramLabel = "ADDRESS",
      converter = UnixAddressConverter.class,
      defaultValue = "/run/statebridge/statebridge.sock",
      description = "The daemon's socket (default: ${DEFAULT-VALUE}).")
  private Path socket = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE}).")
  private OutputFormat output = OutputFormat.TABLE;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean help;

  Path socket() {
    return socket;
  }

  OutputFormat output() {
    return output;
  }

  boolean help() {
    return help;
  }
}
