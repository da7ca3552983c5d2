package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Any file is a configuration, or one line says what is wrong with it. */
final class ConfigFileFuzzTest {
  @TempDir private static Path dir;

  @FuzzTest
  void anyFileIsReadOrRefusedInOneLine(byte[] input) throws IOException {
    Path file = dir.resolve("config.toml");
    Files.write(file, input);

    try {
      ConfigFile.read(file);
    } catch (ConfigException e) {
      assertThat(e).hasMessageContaining(file.toString());
      assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1);
    }
  }
}
