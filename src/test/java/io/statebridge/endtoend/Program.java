package io.statebridge.endtoend;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Other programs, run to their end. */
final class Program {
  private static final int LIMIT_SECONDS = 60;

  /** What a program left. */
  record Result(int status, String out, String err) {}

  private Program() {}

  /** Where it is; fails with the name of the package to install when it is nowhere. */
  static Path require(String name, String debianPackage) {
    return Arrays.stream(System.getenv("PATH").split(":", -1))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "these tests need "
                        + name
                        + " and it is not in PATH: install Debian's package "
                        + debianPackage));
  }

  /** Runs it and fails unless it succeeds; what it printed. */
  static String mustRun(List<String> command) {
    Result result = run(new ProcessBuilder(command));
    if (result.status() != 0) {
      throw new IllegalStateException(command + " failed: " + result);
    }
    return result.out();
  }

  static Result run(ProcessBuilder builder) {
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      CompletableFuture<String> out = read(process.getInputStream());
      CompletableFuture<String> err = read(process.getErrorStream());
      end(process, builder.command());
      return new Result(process.exitValue(), out.join(), err.join());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run " + builder.command(), e);
    }
  }

  private static void end(Process process, List<String> command) {
    try {
      if (process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    throw new IllegalStateException(command + " did not end");
  }

  private static CompletableFuture<String> read(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
              } catch (IOException e) {
                text.completeExceptionally(e);
              }
            });
    return text;
  }
}
