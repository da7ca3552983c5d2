package io.statebridge.endtoend;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.stream.Stream;

/** {@code bin/statebridge} as a client of the daemon at a socket. */
record Cli(Path socket) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Runs one command to its end, whatever comes of it. */
  Program.Result run(String... command) {
    return Program.run(builder(command));
  }

  /** What a command that must succeed answers with {@code -o json}. */
  JsonNode json(String... command) {
    String[] asJson =
        Stream.concat(Stream.of(command), Stream.of("-o", "json")).toArray(String[]::new);
    Program.Result result = run(asJson);
    if (result.status() != 0) {
      throw new AssertionError(String.join(" ", asJson) + " failed: " + result);
    }
    return parse(result.out());
  }

  /** A command that is yet to be started. */
  ProcessBuilder builder(String... command) {
    return Checkout.statebridge(
        Stream.concat(Stream.of(command), Stream.of("--socket", socket.toString()))
            .toArray(String[]::new));
  }

  static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + text, e);
    }
  }
}
