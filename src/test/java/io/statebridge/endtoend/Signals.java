package io.statebridge.endtoend;

import java.util.List;

/** Signals that Java does not send. */
final class Signals {

  private Signals() {}

  /** Stops a process where it is. */
  static void freeze(ProcessHandle process) {
    send("STOP", process);
  }

  static void thaw(ProcessHandle process) {
    send("CONT", process);
  }

  private static void send(String signal, ProcessHandle process) {
    Program.mustRun(List.of("/bin/sh", "-c", "kill -" + signal + " " + process.pid()));
  }
}
