package io.statebridge.daemon.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;

/** Where commands print, and the clock that ages are told by. */
record Terminal(PrintStream out, PrintStream err, InstantSource clock) {

  /** The process's own streams, in UTF-8 whatever the locale says: JSON is UTF-8. */
  static Terminal ofProcess() {
    return new Terminal(utf8(FileDescriptor.out), utf8(FileDescriptor.err), InstantSource.system());
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(
        new BufferedOutputStream(new FileOutputStream(descriptor)), false, StandardCharsets.UTF_8);
  }

  /** Prints the one line that a failed command leaves. */
  void complain(String message) {
    err.println("statebridge: " + Text.oneLine(message));
    err.flush();
  }

  /** Flushes what was printed; false when nobody reads it any more. */
  boolean isRead() {
    return !out.checkError();
  }
}
