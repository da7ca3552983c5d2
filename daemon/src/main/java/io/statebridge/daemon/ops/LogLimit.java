package io.statebridge.daemon.ops;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Bounds the rate of log lines, so that no event, shim or client can flood the log: of each kind of
 * line, which is its format, {@value #LINES} a minute. What is left out is counted and told. Lines
 * below INFO are not limited: who asks for them wants them all. Thread-safe.
 */
public final class LogLimit extends TurboFilter {

  static final int LINES = 20;
  static final Duration WINDOW = Duration.ofMinutes(1);

  /** More than there are formats; a line whose text is its format must not make this grow. */
  private static final int MOST_KINDS = 1000;

  private static final String LEFT_OUT = "left out {} lines like this one: {}";
  private static final String LIMITED = "more than {} lines a minute, leaving out such as: {}";

  private record Window(long sinceNanos, int lines) {
    Window next() {
      return new Window(sinceNanos, lines + 1);
    }
  }

  private final LongSupplier nanoTime;
  private final Map<String, Window> windows = new ConcurrentHashMap<>();

  public LogLimit() {
    this(System::nanoTime);
  }

  LogLimit(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable failure) {
    boolean ours = LEFT_OUT.equals(format) || LIMITED.equals(format);
    if (format == null
        || ours
        || !level.isGreaterOrEqual(Level.INFO)
        || !level.isGreaterOrEqual(logger.getEffectiveLevel())) {
      return FilterReply.NEUTRAL;
    }
    if (windows.size() >= MOST_KINDS) {
      windows.clear();
    }
    long now = nanoTime.getAsLong();
    int[] leftOut = {0};
    Window window =
        windows.compute(
            logger.getName() + ' ' + format,
            (kind, known) -> {
              if (known != null && now - known.sinceNanos() < WINDOW.toNanos()) {
                return known.next();
              }
              leftOut[0] = known == null ? 0 : Math.max(0, known.lines() - LINES);
              return new Window(now, 1);
            });
    if (leftOut[0] > 0) {
      logger.warn(LEFT_OUT, leftOut[0], format);
    }
    if (window.lines() == LINES + 1) {
      logger.warn(LIMITED, LINES, format);
    }
    return window.lines() > LINES ? FilterReply.DENY : FilterReply.NEUTRAL;
  }
}
