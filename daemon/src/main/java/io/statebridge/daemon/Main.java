package io.statebridge.daemon;

import io.statebridge.daemon.cli.RunCommand;
import io.statebridge.daemon.cli.StatebridgeCommand;
import io.statebridge.daemon.ops.LogQueue;

/** Starts the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    int status = StatebridgeCommand.execute(args, new RunCommand());
    LogQueue.drain();
    System.exit(status);
  }
}
