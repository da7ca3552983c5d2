package io.statebridge.daemon.ops;

/** The configuration is wrong; the message names the place, the problem and the remedy. */
public final class ConfigException extends Exception {

  private static final long serialVersionUID = 1;

  ConfigException(String message) {
    super(message);
  }
}
