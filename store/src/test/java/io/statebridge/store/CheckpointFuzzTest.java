package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.ended;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.store.CheckpointStatus.State;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint's file with any bytes in any places is read or set aside, and the daemon goes on. Of
 * the input four bytes each are a change: a place, of two bytes, what is to be there, and whether
 * it is the last that there is.
 */
final class CheckpointFuzzTest {
  private static final int CHANGE = 4;
  private static final int TRUNCATE = 0xff;

  @TempDir private static Path home;
  private static byte[] whole = {};
  private static int count;

  @BeforeAll
  static void makeAWholeFile() throws Exception {
    Path dir = home.resolve("whole");
    try (CheckpointFixture daemon = CheckpointFixture.start(dir)) {
      for (int i = 0; i < 8; i++) {
        ContainerRecord record = withTask(container("old" + i), 100 + i);
        daemon.store.create(
            i % 2 == 0
                ? record
                : ended(record, new Exit(i, CheckpointFixture.NOW, ExitSource.EVENT)));
      }
      daemon.store.noteOutOfMemory(id("old0"), 100);
      daemon.awaitDurable();
    }
    whole = Files.readAllBytes(dir.resolve("checkpoint.db"));
  }

  @FuzzTest
  void aFileWithAnyBytesIsReadOrSetAside(byte[] input) throws Exception {
    Path dir = Files.createDirectories(home.resolve("run" + count++));
    Files.write(dir.resolve("checkpoint.db"), changed(whole, input));

    List<Entry> expected;
    try (CheckpointFixture daemon = CheckpointFixture.start(dir, CheckpointFixture.UNCHECKED)) {
      daemon.put("new");
      assertThat(daemon.checkpoint.status().state()).isEqualTo(State.DURABLE);
      if (daemon.checkpoint.status().setAside() != null) {
        assertThat(daemon.records()).containsExactly(Samples.loaded("new"));
      }
      expected = daemon.records();
    }

    assertThat(CheckpointFixture.reload(dir)).isEqualTo(expected);
    delete(dir);
  }

  private static byte[] changed(byte[] file, byte[] changes) {
    byte[] result = file.clone();
    ByteBuffer input = ByteBuffer.wrap(changes);
    while (input.remaining() >= CHANGE) {
      int place = Short.toUnsignedInt(input.getShort()) % result.length;
      result[place] = input.get();
      if (Byte.toUnsignedInt(input.get()) == TRUNCATE) {
        return Arrays.copyOf(result, place + 1);
      }
    }
    return result;
  }

  private static void delete(Path dir) throws IOException {
    for (String name : CheckpointFixture.names(dir)) {
      Files.delete(dir.resolve(name));
    }
    Files.delete(dir);
  }
}
