package io.statebridge.api;

/** A call to the runtime that failed. Decided by status codes, never by message text. */
public final class RuntimeFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** What may be done about it. */
  public enum Kind {
    /** The runtime answered that there is no such thing. */
    NOT_FOUND,
    /**
     * The runtime is away: nothing wrong with the call, and it will do when the runtime is back.
     */
    UNREACHABLE,
    /** May well pass: too slow, overloaded, or an answer that says nothing for sure. */
    TRANSIENT,
    /** The same call would fail the same way. */
    PERMANENT
  }

  private final Kind kind;

  public RuntimeFailure(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public RuntimeFailure(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
