package io.statebridge.store;

import static io.statebridge.store.CheckpointFixture.names;
import static io.statebridge.store.Samples.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import io.statebridge.store.CheckpointStatus.State;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class CheckpointCrashTest {
  private static final int LIVES = 3;
  private static final int LINES_PER_LIFE = 2000;

  @TempDir private Path dir;

  /** Runs a daemon until it has confirmed so much, and kills it on the spot. */
  private void liveAndDie(Map<ContainerId, Long> confirmed) throws Exception {
    Process daemon =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + dir,
                "-cp",
                System.getProperty("java.class.path"),
                CrashingDaemon.class.getName(),
                dir.resolve("state").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = daemon.inputReader(StandardCharsets.UTF_8)) {
      int count = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ", -1);
        if (words.length == 2 && words[0].matches("\\d-\\d")) {
          // The last line may be cut off, and then its number is too small.
          confirmed.merge(id(words[0]), Long.parseLong("0" + words[1]), Math::max);
        }
        if (++count == LINES_PER_LIFE) {
          // SIGKILL; through its handle, which leaves the pipe open for what it said until then.
          daemon.toHandle().destroyForcibly();
        }
      }
      assertThat(count).isGreaterThanOrEqualTo(LINES_PER_LIFE);
    } finally {
      daemon.destroyForcibly();
    }
    assertThat(daemon.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void whatWasConfirmedIsThereAfterEveryKill() throws Exception {
    Map<ContainerId, Long> confirmed = new HashMap<>();
    for (int life = 0; life < LIVES; life++) {
      liveAndDie(confirmed);

      try (Checkpoint checkpoint = Checkpoint.open(dir.resolve("state"))) {
        assertThat(checkpoint.status().state()).isEqualTo(State.DURABLE);
        assertThat(checkpoint.status().setAside()).isNull();
        Map<ContainerId, Long> found =
            checkpoint.load().stream().collect(Collectors.toMap(Entry::id, e -> e.record().pid()));
        assertThat(confirmed)
            .isNotEmpty()
            .allSatisfy(
                (id, pid) -> assertThat(found.getOrDefault(id, -1L)).isGreaterThanOrEqualTo(pid));
      }
    }

    // The native library's file is not left behind either.
    assertThat(names(dir)).containsExactly("state");
    assertThat(names(dir.resolve("state"))).containsExactly("checkpoint.db", "checkpoint.lock");
  }
}
