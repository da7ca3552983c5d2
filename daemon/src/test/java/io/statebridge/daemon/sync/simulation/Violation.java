package io.statebridge.daemon.sync.simulation;

/**
 * Something that must not be.
 *
 * @param rule which, in one word
 * @param what for people
 */
record Violation(String rule, String what, long atNanos) {
  @Override
  public String toString() {
    return "%s: %s (at %s)".formatted(rule, what, Trace.shown(atNanos).strip());
  }
}
