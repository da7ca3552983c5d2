package io.statebridge.api;

import java.time.Instant;

/**
 * The end of an init process as somebody reported it.
 *
 * @param code 0 to 255; 128 + n after signal n
 * @param exitedAt when the process ended, as the runtime says, to the nanosecond
 * @param source who reported it
 * @param reason one word, as the CRI names it: Completed, Error, OOMKilled, StartError or Unknown
 * @param message a sentence for people about it, mostly empty
 */
public record Exit(int code, Instant exitedAt, ExitSource source, String reason, String message) {

  /** The code of an end that nobody saw. */
  public static final int UNKNOWN_CODE = 255;

  /** The reason of a container for which the runtime reported that it ran out of memory. */
  public static final String OOM_KILLED = "OOMKilled";

  /** The reason of a container that the CRI plugin could not start. */
  public static final String START_ERROR = "StartError";

  /** One whose reason follows from its source and its code. */
  public Exit(int code, Instant exitedAt, ExitSource source) {
    this(code, exitedAt, source, reason(code, source), "");
  }

  private static String reason(int code, ExitSource source) {
    if (source == ExitSource.UNKNOWN) {
      return "Unknown";
    }
    return code == 0 ? "Completed" : "Error";
  }

  public Exit withReason(String newReason) {
    return new Exit(code, exitedAt, source, newReason, message);
  }

  public Exit withMessage(String newMessage) {
    return new Exit(code, exitedAt, source, reason, newMessage);
  }

  /** The end of a process that is gone without anybody having seen how. */
  public static Exit unseen(Instant noticedAt) {
    return new Exit(
        UNKNOWN_CODE,
        noticedAt,
        ExitSource.UNKNOWN,
        "Unknown",
        "the process is gone and nobody saw its end");
  }

  /** Whether nobody saw it, so that it gives way to an exit that is reported later. */
  public boolean isUnseen() {
    return source == ExitSource.UNKNOWN;
  }
}
