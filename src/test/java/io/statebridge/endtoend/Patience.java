package io.statebridge.endtoend;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * How long a test of several processes waits for what must come. A busy machine needs longer than
 * Awaitility's 10 s to start a JVM and a containerd; what never comes only fails later. Public for
 * the ServiceLoader.
 */
public final class Patience implements BeforeAllCallback {

  static final Duration TIMEOUT = Duration.ofSeconds(30);

  @Override
  public void beforeAll(ExtensionContext context) {
    Awaitility.setDefaultTimeout(TIMEOUT);
  }
}
