package io.statebridge.daemon.cli;

/** What the process's exit status says; scripts rely on these numbers. */
final class ExitStatus {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int NO_SUCH_CONTAINER = 3;

  private ExitStatus() {}
}
