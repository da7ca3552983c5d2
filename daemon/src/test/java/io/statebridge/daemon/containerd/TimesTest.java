package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TimesTest {
  private static final Instant FALLBACK = Instant.parse("2026-01-02T03:04:05Z");

  private static Timestamp timestamp(long seconds, int nanos) {
    return Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  @ParameterizedTest
  @CsvSource({
    "1767323045, 123456789, 2026-01-02T03:04:05.123456789Z",
    "0, 1, 1970-01-01T00:00:00.000000001Z",
    "1, 0, 1970-01-01T00:00:01Z",
    "31556889864403198, 999999999, +1000000000-12-31T23:59:58.999999999Z",
  })
  void aTimeIsTakenToTheNanosecond(long seconds, int nanos, Instant time) {
    assertThat(Times.orNull(timestamp(seconds, nanos))).isEqualTo(time);
    assertThat(Times.or(timestamp(seconds, nanos), FALLBACK)).isEqualTo(time);
  }

  @ParameterizedTest
  @CsvSource({
    "-62135596800, 0",
    "-62135596800, 5",
    "-1, 0",
    "-1, 999999999",
    "0, 0",
    "1, -1",
    "1, 1000000000",
    "31556889864403199, 0",
    "9223372036854775807, 2147483647",
    "-9223372036854775808, -2147483648",
  })
  void theYearOneAndNonsenseAreNoTime(long seconds, int nanos) {
    assertThat(Times.orNull(timestamp(seconds, nanos))).isNull();
    assertThat(Times.or(timestamp(seconds, nanos), FALLBACK)).isEqualTo(FALLBACK);
  }

  @Test
  void aTimeThatWasNotSentIsNone() {
    assertThat(Times.orNull(Timestamp.getDefaultInstance())).isNull();
  }
}
