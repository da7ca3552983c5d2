package io.statebridge.daemon.cli;

import java.util.Locale;

/** How an answer is printed. */
enum OutputFormat {
  TABLE,
  JSON;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
