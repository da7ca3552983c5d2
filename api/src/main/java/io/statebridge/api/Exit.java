package io.statebridge.api;

import java.time.Instant;

/**
 * The end of an init process as somebody told it.
 *
 * @param code 0 to 255; 128 + n after signal n
 * @param exitedAt when the process ended, as the runtime says, to the nanosecond
 * @param source who told
 */
public record Exit(int code, Instant exitedAt, ExitSource source) {

  /** The code of an end that nobody saw. */
  public static final int UNKNOWN_CODE = 255;

  /** The end of a process that is gone without anybody having seen how. */
  public static Exit unseen(Instant noticedAt) {
    return new Exit(UNKNOWN_CODE, noticedAt, ExitSource.UNKNOWN);
  }

  /** As the CRI names it: Completed, Error or Unknown. */
  public String reason() {
    if (source == ExitSource.UNKNOWN) {
      return "Unknown";
    }
    return code == 0 ? "Completed" : "Error";
  }
}
