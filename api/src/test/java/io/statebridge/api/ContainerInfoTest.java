package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ContainerInfoTest {

  @Test
  void labelsCannotChangeOnceTheyAreTold() {
    Map<String, String> given = new HashMap<>(Map.of("app", "web"));
    ContainerInfo info = new ContainerInfo(new ContainerId("a", "x"), "", "", given, "", null);

    given.put("app", "other");

    assertThat(info.labels()).containsExactly(Map.entry("app", "web"));
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> info.labels().put("app", "other"));
  }
}
