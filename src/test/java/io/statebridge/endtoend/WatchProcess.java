package io.statebridge.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/** {@code bin/statebridge watch -o json}, and the lines that it has printed so far. */
record WatchProcess(Process process, Path lines) implements AutoCloseable {

  static WatchProcess start(Cli cli, Path lines, String... options) {
    ProcessBuilder builder = cli.builder("watch", "-o", "json");
    builder.command().addAll(List.of(options));
    builder.redirectOutput(lines.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT);
    try {
      return new WatchProcess(builder.start(), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All complete lines. */
  List<JsonNode> changes() {
    try {
      String text = Files.readString(lines);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(Cli::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JsonNode await(String what, Predicate<JsonNode> wanted) {
    return Awaitility.await(what)
        .until(() -> changes().stream().filter(wanted).findFirst(), Optional::isPresent)
        .orElseThrow();
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
