package io.statebridge.store;

import static io.statebridge.store.Samples.loaded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ChangeLogTest {

  private static ChangeLog logOf(int capacity, long changes) {
    ChangeLog log = new ChangeLog(capacity);
    for (long revision = 1; revision <= changes; revision++) {
      log.append(new Change(revision, Instant.EPOCH, null, loaded("c" + revision)));
    }
    return log;
  }

  private static void assertOutOfRange(ChangeLog log, long revision) {
    assertThatExceptionOfType(CompactedException.class)
        .isThrownBy(() -> log.after(revision))
        .withMessageContaining("revision " + revision + " ")
        .satisfies(
            e -> {
              assertThat(e.compactRevision()).isEqualTo(log.compactRevision());
              assertThat(e.currentRevision()).isEqualTo(log.lastRevision());
            });
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "4, 0", "4, 3", "4, 4"})
  void nothingIsCompactedUntilTheLogIsFull(int capacity, long changes) throws Exception {
    ChangeLog log = logOf(capacity, changes);

    assertThat(log.compactRevision()).isZero();
    assertThat(log.lastRevision()).isEqualTo(changes);
    assertEachFollows(log);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, 1", "4, 5, 1", "4, 8, 4", "4, 11, 7", "1000, 2500, 1500"})
  void aFullLogKeepsExactlyItsCapacity(int capacity, long changes, long compact) throws Exception {
    ChangeLog log = logOf(capacity, changes);

    assertThat(log.compactRevision()).isEqualTo(compact);
    assertEachFollows(log);
    assertOutOfRange(log, compact - 1);
  }

  private static void assertEachFollows(ChangeLog log) throws CompactedException {
    for (long revision = log.compactRevision(); revision < log.lastRevision(); revision++) {
      Change change = log.after(revision);
      assertThat(change)
          .isEqualTo(new Change(revision + 1, Instant.EPOCH, null, loaded("c" + (revision + 1))));
    }
    assertThat(log.after(log.lastRevision())).isNull();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, 4, Long.MAX_VALUE})
  void aRevisionThatIsNotOfThisLogIsOutOfRange(long revision) {
    assertOutOfRange(logOf(4, 3), revision);
  }

  @Test
  void whatIsOutOfRangeSaysFromWhereToWhereTheLogGoes() {
    ChangeLog log = logOf(4, 11);

    assertThatExceptionOfType(CompactedException.class)
        .isThrownBy(() -> log.after(6))
        .withMessage("revision 6 cannot be resumed from: the log goes from 7 to 11");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 3, 5, 100})
  void aGapIsNotAppended(long revision) {
    ChangeLog log = logOf(4, 3);

    assertThatIllegalStateException()
        .isThrownBy(() -> log.append(new Change(revision, Instant.EPOCH, null, loaded("x"))));

    assertThat(log.lastRevision()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void aLogHoldsAtLeastOneChange(int capacity) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ChangeLog(capacity))
        .withMessageContaining("at least 1 change, not " + capacity);
  }

  @Test
  void aChangeOfNothingIsNone() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Change(1, Instant.EPOCH, null, null));
  }

  @Test
  void aChangeIsOfTheContainerThatCameChangedOrWent() {
    assertThat(new Change(1, Instant.EPOCH, null, loaded("a")).id()).isEqualTo(Samples.id("a"));
    assertThat(new Change(1, Instant.EPOCH, loaded("a"), loaded("a")).id())
        .isEqualTo(Samples.id("a"));
    assertThat(new Change(1, Instant.EPOCH, loaded("a"), null).id()).isEqualTo(Samples.id("a"));
  }
}
