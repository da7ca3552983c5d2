package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnixAddressTest {

  @Test
  void aPathIsOneWithAndWithoutItsScheme() {
    assertThat(UnixAddress.path("/run/x.sock")).isEqualTo(Path.of("/run/x.sock"));
    assertThat(UnixAddress.path("unix:///run/x.sock")).isEqualTo(Path.of("/run/x.sock"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x.sock",
        "./x.sock",
        "unix:/run/x.sock",
        "unix://",
        "unix://run/x.sock",
        "tcp://localhost:1",
        "localhost:1",
        "http://x",
        "/run/\0"
      })
  void anythingElseIsRefusedByItsName(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UnixAddress.path(address))
        .withMessage(
            "'" + address + "' is no address of a unix socket: write /path or unix:///path");
  }
}
