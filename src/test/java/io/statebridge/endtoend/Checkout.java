package io.statebridge.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** The checkout that is tested: the system property {@code statebridge.home} names it. */
final class Checkout {
  private static final Path HOME =
      Path.of(
              Objects.requireNonNull(
                  System.getProperty("statebridge.home"),
                  "set the system property statebridge.home to the checkout's directory"))
          .toAbsolutePath()
          .normalize();
  private static final AtomicInteger LOGS = new AtomicInteger();

  private Checkout() {}

  /** Runs {@code bin/statebridge} as users do, on the JDK that runs the test. */
  static ProcessBuilder statebridge(String... arguments) {
    ProcessBuilder builder = new ProcessBuilder(file("bin/statebridge").toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("STATEBRIDGE_JAVA_OPTS");
    return builder;
  }

  /** A file of the checkout. */
  static Path file(String path) {
    return HOME.resolve(path);
  }

  /** The priority that the systemd unit gives the daemon. */
  static String unitNice() {
    try (Stream<String> unit = Files.lines(file("packaging/statebridge.service"))) {
      String setting = unit.filter(line -> line.startsWith("Nice=")).findFirst().orElseThrow();
      return setting.substring("Nice=".length());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file for what a process logs. It outlives the test, to explain a failure. */
  static Path newLog(String name) {
    try {
      Path directory = Files.createDirectories(HOME.resolve("target/end-to-end/logs"));
      Path log = directory.resolve("%02d-%s.log".formatted(LOGS.incrementAndGet(), name));
      Files.deleteIfExists(log);
      return log;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
