package io.statebridge.daemon.rpc;

import java.io.IOException;

/** The socket path cannot be listened on; the message says why, and what to do. */
public final class ListenException extends IOException {

  private static final long serialVersionUID = 1;

  ListenException(String message) {
    super(message);
  }

  ListenException(String message, Throwable cause) {
    super(message, cause);
  }
}
