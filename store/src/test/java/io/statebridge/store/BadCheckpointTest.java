package io.statebridge.store;

import static io.statebridge.store.CheckpointFixture.QUICK;
import static io.statebridge.store.CheckpointFixture.UNCHECKED;
import static io.statebridge.store.CheckpointFixture.names;
import static io.statebridge.store.CheckpointFixture.reload;
import static io.statebridge.store.CheckpointFixture.sql;
import static io.statebridge.store.CheckpointFixture.start;
import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.loaded;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.store.CheckpointStatus.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are no checkpoint of ours, or none any more. */
@Timeout(60)
final class BadCheckpointTest {
  private static final String PENDING =
      "UPDATE container SET pending_exited_at = '2026-01-01T00:00:00Z', pending_exit_code = 1,"
          + " pending_exit_source = 'EVENT', pending_exit_reason = 'Error',"
          + " pending_exit_message = '', pending_observed_at = '2026-01-01T00:00:00Z',"
          + " pending_delete_attempts = 0, pending_last_error = ''";

  private static final String ASIDE = "checkpoint.db.bad-20260203T040506.789Z";

  @TempDir private Path dir;

  private Path file() {
    return dir.resolve("checkpoint.db");
  }

  private static byte[] garbage(int size) {
    byte[] bytes = new byte[size];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private void makeWithRecords(int count) throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      for (int i = 0; i < count; i++) {
        daemon.store.create(container("old" + i));
      }
      daemon.awaitDurable();
    }
  }

  /** The daemon starts without records, goes on as ever, and says what it did. */
  private void assertSetAside(String why) throws Exception {
    try (CheckpointFixture daemon = start(dir)) {
      assertThat(daemon.loaded).isEmpty();
      daemon.put("new");

      CheckpointStatus status = daemon.checkpoint.status();

      assertThat(status.state()).isEqualTo(State.DURABLE);
      assertThat(status.setAside()).isEqualTo(dir.resolve(ASIDE));
      assertThat(status.lastError()).contains(file().toString()).contains(why);
    }
    assertThat(reload(dir)).containsExactly(loaded("new"));
    assertThat(names(dir).stream().filter(n -> n.contains("bad"))).contains(ASIDE);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 100, 4096, 100_000})
  void garbageIsSetAsideByteForByte(int size) throws Exception {
    Files.write(file(), garbage(size));

    assertSetAside("not a database");

    assertThat(dir.resolve(ASIDE)).hasBinaryContent(garbage(size));
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 5000, 8192, 12_288})
  void aTruncatedFileIsSetAsideAsItIs(int size) throws Exception {
    makeWithRecords(200);
    byte[] part = Arrays.copyOf(Files.readAllBytes(file()), size);
    Files.write(file(), part);

    assertSetAside("");

    assertThat(dir.resolve(ASIDE)).hasBinaryContent(part);
  }

  @Test
  void aFileWithADamagedPageIsSetAside() throws Exception {
    makeWithRecords(200);
    byte[] bytes = Files.readAllBytes(file());
    Arrays.fill(bytes, bytes.length - 4096, bytes.length, (byte) 0x55);
    Files.write(file(), bytes);

    assertSetAside("");
  }

  @Test
  void aFileThatLostItsBytesButNotItsLogIsSetAsideWithIt() throws Exception {
    Path log = dir.resolve("checkpoint.db-wal");
    byte[] logged;
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("old");
      logged = Files.readAllBytes(log);
    }
    Files.write(file(), new byte[0]);
    Files.write(log, logged);

    assertSetAside("is empty although its log is not");

    assertThat(dir.resolve(ASIDE + "-wal")).hasBinaryContent(logged);
  }

  @Test
  void anEmptyFileIsAsGoodAsNone() throws Exception {
    Files.createFile(file());

    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");

      assertThat(daemon.checkpoint.status().setAside()).isNull();
    }
  }

  @Test
  void aFileOfANewerVersionIsSetAsideAndStaysWhole() throws Exception {
    makeWithRecords(1);
    sql(dir, "PRAGMA user_version = 6");

    assertSetAside("is of version 6");

    Files.move(dir.resolve(ASIDE), file(), StandardCopyOption.REPLACE_EXISTING);
    sql(dir, "PRAGMA user_version = 5");
    assertThat(reload(dir)).containsExactly(loaded("old0"));
  }

  @Test
  void anotherApplicationsFileIsSetAside() throws Exception {
    sql(dir, "PRAGMA application_id = 1", "CREATE TABLE theirs (x)");

    assertSetAside("is another application's");
  }

  @Test
  void aDatabaseWithoutAnIdIsNotTakenForAFreshOne() throws Exception {
    sql(dir, "CREATE TABLE theirs (x)");

    assertSetAside("is another application's");
  }

  @Test
  void aFileWithOtherTablesIsSetAside() throws Exception {
    makeWithRecords(1);
    sql(dir, "ALTER TABLE container DROP COLUMN paused");

    assertSetAside("paused");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE container SET created_at = 'yesterday'",
        "UPDATE container SET run_pid = -1",
        "UPDATE container SET exited_at = '2026-01-01T00:00:00Z', exit_source = 'NOBODY'",
        "UPDATE container SET pending_exited_at = '2026-01-01T00:00:00Z', pending_exit_source ="
            + " 'EVENT'",
        "UPDATE container SET exited_at = '2026-01-01T00:00:00Z', exit_source = 'EVENT',"
            + " exit_message = ''",
        "UPDATE container SET cleanup_pending = 1",
        "UPDATE container SET removed_at = '2026-01-01T00:00:00Z'",
        PENDING,
        PENDING
            + ", run_pid = 7, exited_at = '2026-01-01T00:00:00Z', exit_code = 1, exit_source ="
            + " 'EVENT', exit_reason = 'Error', exit_message = ''",
        "INSERT INTO out_of_memory VALUES ('', 'web', 7)"
      })
  void aFileWithARecordThatCannotBeIsSetAside(String change) throws Exception {
    makeWithRecords(1);
    sql(dir, change);

    assertSetAside("has a row that is none of ours");
  }

  @Test
  void aDirectoryInItsPlaceIsSetAside() throws Exception {
    Files.createDirectories(file().resolve("full"));

    assertSetAside("is not a regular file");

    assertThat(dir.resolve(ASIDE).resolve("full")).isDirectory();
  }

  @Test
  void aLinkToNowhereInItsPlaceIsSetAside() throws Exception {
    Files.createSymbolicLink(file(), dir.resolve("nowhere"));

    assertSetAside("is not a regular file");
  }

  @Test
  void twoOfOneMomentGetNamesOfTheirOwnAndNoMoreAreKeptThanTheBound() throws Exception {
    for (int i = 0; i < QUICK.maxSetAside(); i++) {
      Files.write(file(), garbage(100 + i));
      start(dir).close();
    }
    for (int i = 0; i < QUICK.maxSetAside(); i++) {
      assertThat(dir.resolve("checkpoint.db.bad-20260203T040506.%03dZ".formatted(789 + i)))
          .hasSize(100 + i);
    }
    Files.write(file(), garbage(200));

    try (CheckpointFixture daemon = start(dir)) {
      CheckpointStatus status = daemon.checkpoint.status();

      assertThat(status.state()).isEqualTo(State.DEGRADED);
      assertThat(status.lastError())
          .contains("no more than 3 bad files are kept", dir.resolve("checkpoint.db.bad-*") + "");
      assertThat(file()).hasBinaryContent(garbage(200));

      Files.delete(dir.resolve(ASIDE));
      daemon.awaitState(State.DURABLE);
      daemon.put("a");
    }
    assertThat(dir.resolve(ASIDE)).hasBinaryContent(garbage(200));
  }

  /** Somebody meddles with the file in use; it is made anew from the store. */
  private void assertRebuiltAfter(Meddling meddling, String why) throws Exception {
    List<Entry> expected;
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
      meddling.run();

      await().until(() -> daemon.checkpoint.status().lastError().contains(why));
      daemon.awaitState(State.DURABLE);

      daemon.put("b");
      expected = daemon.records();
    }
    assertThat(reload(dir)).isEqualTo(expected);
  }

  private interface Meddling {
    void run() throws Exception;
  }

  @Test
  void aFileThatIsRemovedWhileInUseIsMadeAnew() throws Exception {
    assertRebuiltAfter(() -> Files.delete(file()), "was removed or replaced");
  }

  @Test
  void aLogThatIsRemovedWhileInUseIsMadeAnewWithItsFile() throws Exception {
    assertRebuiltAfter(
        () -> Files.delete(dir.resolve("checkpoint.db-wal")), "was removed or replaced");
  }

  @Test
  void aFileThatIsOverwrittenInPlaceWhileInUseIsMadeAnew() throws Exception {
    makeWithRecords(200);

    assertRebuiltAfter(
        () -> {
          // Brings the log into the file, so that the file is what counts.
          sql(dir, "PRAGMA wal_checkpoint(RESTART)");
          byte[] overwritten = garbage(Math.toIntExact(Files.size(file())));
          Files.write(file(), overwritten, StandardOpenOption.WRITE);
        },
        "checkpoint.db: ");
    assertThat(dir.resolve(ASIDE)).exists();
  }

  @Test
  void aDirectoryThatIsRemovedWhileInUseIsMadeAnew() throws Exception {
    Path gone = dir.resolve("gone");
    try (CheckpointFixture daemon = start(gone)) {
      daemon.put("a");

      for (String name : names(gone)) {
        Files.delete(gone.resolve(name));
      }
      Files.delete(gone);
      await().until(() -> Files.exists(gone.resolve("checkpoint.db-wal")));
      daemon.awaitState(State.DURABLE);
      daemon.put("b");
    }

    assertThat(reload(gone)).containsExactly(loaded("a"), loaded("b"));
  }

  @Test
  void theNextWriteNoticesThatItsFileWasReplaced() throws Exception {
    try (CheckpointFixture daemon = start(dir, UNCHECKED)) {
      daemon.put("a");
      Files.write(dir.resolve("other"), garbage(4096));
      Files.move(dir.resolve("other"), file(), StandardCopyOption.REPLACE_EXISTING);

      daemon.store.create(container("b"));
      await().until(() -> daemon.checkpoint.status().setAside() != null);
    }
    assertThat(dir.resolve(ASIDE)).hasBinaryContent(garbage(4096));
    assertThat(reload(dir)).containsExactly(loaded("a"), loaded("b"));
  }

  @Test
  void closeWritesEverythingOnceMoreWhenTheFileIsGone() throws Exception {
    try (CheckpointFixture daemon = start(dir, UNCHECKED)) {
      daemon.put("a");
      daemon.put("b");
      Files.delete(file());
    }

    assertThat(reload(dir)).containsExactly(loaded("a"), loaded("b"));
  }

  @Test
  void aRecordThatIsCommittedWhileTheFileIsMadeAnewIsInIt() throws Exception {
    List<Entry> expected;
    try (CheckpointFixture daemon = start(dir)) {
      daemon.put("a");
      Files.delete(file());
      for (int i = 0; i < 200; i++) {
        daemon.store.create(container("c" + i));
        daemon.store.update(id("c" + i), c -> withTask(c, 1));
      }
      await().until(() -> daemon.checkpoint.status().lastError().contains("removed"));
      daemon.awaitState(State.DURABLE);
      expected = daemon.records();
    }

    assertThat(reload(dir)).isEqualTo(expected);
  }
}
