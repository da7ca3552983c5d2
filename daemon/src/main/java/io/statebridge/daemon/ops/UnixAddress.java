package io.statebridge.daemon.ops;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * The address of a unix socket as this ecosystem writes it: {@code /run/x.sock} or {@code
 * unix:///run/x.sock}.
 */
public final class UnixAddress {

  private static final String SCHEME = "unix://";

  private UnixAddress() {}

  /**
   * @throws IllegalArgumentException when it is neither; its message names the text and the remedy
   */
  public static Path path(String address) {
    String path = address.startsWith(SCHEME) ? address.substring(SCHEME.length()) : address;
    if (!path.startsWith("/")) {
      throw wrong(address);
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw wrong(address);
    }
  }

  private static IllegalArgumentException wrong(String address) {
    return new IllegalArgumentException(
        "'" + address + "' is no address of a unix socket: write /path or unix:///path");
  }
}
