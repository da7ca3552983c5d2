package io.statebridge.daemon.ops;

import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/**
 * Log lines are written by a thread of their own, for whoever reads stderr may hang. What waits is
 * to be written before the process ends.
 */
public final class LogQueue {

  private LogQueue() {}

  /**
   * Writes what waits, for a second at most (logback's {@code maxFlushTime}), and ends logging.
   * Idempotent.
   */
  public static void drain() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.stop();
    }
  }
}
