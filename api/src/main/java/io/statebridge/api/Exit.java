package io.statebridge.api;

import java.time.Instant;

/**
 * The end of an init process as somebody told it.
 *
 * @param code 0 to 255; 128 + n after signal n
 * @param exitedAt when the process ended, as the runtime says, to the nanosecond
 * @param source who told
 * @param message a sentence for people about it, mostly empty
 */
public record Exit(int code, Instant exitedAt, ExitSource source, String message) {

  /** The code of an end that nobody saw. */
  public static final int UNKNOWN_CODE = 255;

  public Exit(int code, Instant exitedAt, ExitSource source) {
    this(code, exitedAt, source, "");
  }

  public Exit withMessage(String newMessage) {
    return new Exit(code, exitedAt, source, newMessage);
  }

  /** The end of a process that is gone without anybody having seen how. */
  public static Exit unseen(Instant noticedAt) {
    return new Exit(
        UNKNOWN_CODE, noticedAt, ExitSource.UNKNOWN, "the process is gone and nobody saw its end");
  }

  /** As the CRI names it: Completed, Error or Unknown. */
  public String reason() {
    if (source == ExitSource.UNKNOWN) {
      return "Unknown";
    }
    return code == 0 ? "Completed" : "Error";
  }
}
