package io.statebridge.daemon.sync.simulation;

/**
 * Something that must not be.
 *
 * @param rule which, in one word
 * @param what for people
 */
record Violation(String rule, String what, long atNanos) {
  /** Whether another one is of the same rule, broken in the same way. */
  boolean isLike(Violation other) {
    return rule.equals(other.rule) && kind().equals(other.kind());
  }

  private String kind() {
    return what.split(": ", 2)[0].replaceAll("[0-9.]+", "");
  }

  @Override
  public String toString() {
    return "%s: %s (at %s)".formatted(rule, what, Trace.shown(atNanos).strip());
  }
}
