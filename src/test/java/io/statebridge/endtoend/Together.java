package io.statebridge.endtoend;

import java.io.IOException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A containerd and the daemon beside it, in sync before each test and gone after it. */
record Together(RealContainerd containerd, StatebridgeProcess statebridge)
    implements BeforeEachCallback, AfterEachCallback {

  @Override
  public void beforeEach(ExtensionContext context) {
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    try (containerd) {
      statebridge.close();
    }
  }
}
