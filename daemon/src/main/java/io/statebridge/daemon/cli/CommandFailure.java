package io.statebridge.daemon.cli;

/**
 * Ends a command with one line for the user, which should say what to do about it, and a status.
 */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int exitStatus;

  CommandFailure(int exitStatus, String message) {
    // Without a stack trace: nobody is ever shown it.
    super(message, null, false, false);
    this.exitStatus = exitStatus;
  }

  static CommandFailure failed(String message) {
    return new CommandFailure(ExitStatus.FAILED, message);
  }

  int exitStatus() {
    return exitStatus;
  }
}
