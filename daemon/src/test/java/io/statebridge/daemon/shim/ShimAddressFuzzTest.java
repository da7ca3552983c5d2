package io.statebridge.daemon.shim;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.statebridge.api.RuntimeFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a bundle's files hold is an address or none. The first byte chooses the file. */
final class ShimAddressFuzzTest {
  @TempDir private static Path bundle;

  @FuzzTest
  void anyFileHoldsAnAddressOrNone(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    Path bootstrap = bundle.resolve("bootstrap.json");
    Files.deleteIfExists(bootstrap);
    Path file = input[0] == 'a' ? bundle.resolve("address") : bootstrap;
    Files.write(file, Arrays.copyOfRange(input, 1, input.length));

    try {
      ShimAddress.of(bundle);
    } catch (RuntimeFailure e) {
      // As documented.
    }
  }
}
