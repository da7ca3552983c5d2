package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogLimitTest {

  private long nanos;
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger log = logger();

  private Logger logger() {
    LoggerContext context = new LoggerContext();
    LogLimit limit = new LogLimit(() -> nanos);
    limit.start();
    context.addTurboFilter(limit);
    Logger logger = context.getLogger("some.Class");
    logger.setLevel(Level.DEBUG);
    lines.start();
    logger.addAppender(lines);
    return logger;
  }

  private List<String> messages() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void aFloodIsCutOffAndSaysSoOnce() {
    for (int i = 0; i < 300; i++) {
      log.warn("cannot decode event {}", i);
    }

    assertThat(messages())
        .hasSize(LogLimit.LINES + 1)
        .startsWith("cannot decode event 0")
        .endsWith("more than 20 lines a minute, leaving out such as: cannot decode event {}");
  }

  @Test
  void otherLinesAreNotAffected() {
    for (int i = 0; i < 300; i++) {
      log.warn("cannot decode event {}", i);
    }
    lines.list.clear();

    log.warn("something else");

    assertThat(messages()).containsExactly("something else");
  }

  @Test
  void aMinuteLaterItIsToldHowManyThereWere() {
    for (int i = 0; i < 300; i++) {
      log.info("{} is slow", i);
    }
    lines.list.clear();

    nanos += LogLimit.WINDOW.toNanos();
    log.info("{} is slow", 300);

    assertThat(messages())
        .containsExactly("left out 280 lines like this one: {} is slow", "300 is slow");
  }

  @Test
  void whoeverAsksForDebugLinesGetsThemAll() {
    for (int i = 0; i < 300; i++) {
      log.debug("step {}", i);
    }

    assertThat(lines.list).hasSize(300);
  }

  @Test
  void linesThatAreNotLoggedDoNotCount() {
    log.setLevel(Level.ERROR);
    for (int i = 0; i < 300; i++) {
      log.warn("cannot decode event {}", i);
    }
    log.setLevel(Level.INFO);

    log.warn("cannot decode event {}", 300);

    assertThat(messages()).containsExactly("cannot decode event 300");
  }

  /** However many kinds there are, what is remembered of them is bounded. */
  @Test
  void linesThatAreAllDifferentPass() {
    for (int i = 0; i < 5000; i++) {
      log.warn("line " + i);
    }

    assertThat(lines.list).hasSize(5000);
  }
}
