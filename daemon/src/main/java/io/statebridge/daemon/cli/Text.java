package io.statebridge.daemon.cli;

import com.google.protobuf.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/** Values as text. */
final class Text {
  private static final DateTimeFormatter RFC_3339_NANOS =
      new DateTimeFormatterBuilder().appendInstant(9).toFormatter(Locale.ROOT);

  private Text() {}

  /** RFC 3339 in UTC with all nine digits of the nanoseconds. */
  static String time(Timestamp timestamp) {
    return RFC_3339_NANOS.format(instant(timestamp));
  }

  static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }

  /** How long ago, in the largest unit that still tells something; never negative. */
  static String age(Timestamp since, Instant now) {
    Duration age = Duration.between(instant(since), now);
    if (age.toMinutes() < 2) {
      return Math.max(0, age.toSeconds()) + "s";
    }
    if (age.toHours() < 2) {
      return age.toMinutes() + "m";
    }
    return age.toDays() < 2 ? age.toHours() + "h" : age.toDays() + "d";
  }

  /**
   * The text without control characters: labels and messages come from containers' creators, and
   * must neither break a line nor steer the terminal.
   */
  static String oneLine(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().map(c -> breaksLine(c) ? ' ' : c).forEach(line::appendCodePoint);
    return line.toString().strip();
  }

  private static boolean breaksLine(int codePoint) {
    return Character.isISOControl(codePoint) || codePoint == 0x2028 || codePoint == 0x2029;
  }
}
