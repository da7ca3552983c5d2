package io.statebridge.daemon.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations as containerd's own tools do: {@code 500ms}, {@code 30s}, {@code 1h30m}. */
final class TimeoutConverter implements ITypeConverter<Duration> {
  private static final Pattern PART = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
  private static final Pattern WHOLE = Pattern.compile("(" + PART.pattern() + ")+");

  @Override
  public Duration convert(String text) {
    if (!WHOLE.matcher(text).matches()) {
      throw new TypeConversionException(
          "'" + text + "' is not a duration such as 500ms, 30s or 1h30m");
    }
    Duration sum = Duration.ZERO;
    for (Matcher part = PART.matcher(text); part.find(); ) {
      sum = sum.plus(part(Long.parseLong(part.group(1)), part.group(2)));
    }
    if (sum.isZero()) {
      throw new TypeConversionException("'" + text + "' leaves no time to wait");
    }
    return sum;
  }

  private static Duration part(long count, String unit) {
    if (unit.equals("ms")) {
      return Duration.ofMillis(count);
    }
    if (unit.equals("s")) {
      return Duration.ofSeconds(count);
    }
    return unit.equals("m") ? Duration.ofMinutes(count) : Duration.ofHours(count);
  }
}
