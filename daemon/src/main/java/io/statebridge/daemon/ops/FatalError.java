package io.statebridge.daemon.ops;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a daemon of which a part cannot go on: no memory, or a class that cannot be loaded.
 * One that is half dead would answer with what is no longer true; systemd starts it again, and what
 * it knew is on disk.
 */
public final class FatalError {

  /** EX_SOFTWARE of sysexits.h. */
  static final int EXIT_STATUS = 70;

  private static final Logger log = LoggerFactory.getLogger(FatalError.class);

  private FatalError() {}

  /** For threads of this process that end by what they did not catch. */
  public static void install() {
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, failure) -> end("thread " + thread.getName(), failure));
  }

  /** Does not return. */
  static void end(String where, Throwable failure) {
    try {
      log.error("{} cannot go on: ending, to be started again", where, failure);
      LogQueue.drain();
    } finally {
      // No shutdown hook: what it would close may be what hangs.
      Runtime.getRuntime().halt(EXIT_STATUS);
    }
  }
}
