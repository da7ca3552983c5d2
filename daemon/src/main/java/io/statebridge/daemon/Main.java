package io.statebridge.daemon;

import io.statebridge.daemon.cli.RunCommand;
import io.statebridge.daemon.cli.StatebridgeCommand;

/** Starts the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(StatebridgeCommand.execute(args, new RunCommand()));
  }
}
