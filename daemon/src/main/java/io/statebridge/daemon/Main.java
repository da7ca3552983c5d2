package io.statebridge.daemon;

import io.statebridge.daemon.cli.RunCommand;
import io.statebridge.daemon.cli.StatebridgeCommand;
import io.statebridge.daemon.ops.LogQueue;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Starts the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    int status = StatebridgeCommand.execute(args, new RunCommand());
    LogQueue.drain();
    System.exit(status);
  }
}
