package io.statebridge.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerIdTest {

  @Test
  void idsAreOrderedByNamespaceFirst() {
    ContainerId first = new ContainerId("a", "z");
    ContainerId second = new ContainerId("a-b", "a");
    ContainerId third = new ContainerId("b", "a");
    ContainerId fourth = new ContainerId("b", "b");

    assertThat(new TreeSet<>(List.of(fourth, second, third, first)))
        .containsExactly(first, second, third, fourth);
  }

  @Test
  void theSameIdInAnotherNamespaceIsAnotherContainer() {
    assertThat(new ContainerId("a", "x")).isNotEqualTo(new ContainerId("b", "x"));
    assertThat(new ContainerId("a", "x").compareTo(new ContainerId("a", "x"))).isZero();
  }

  @ParameterizedTest
  @CsvSource({"'', web", "default, ''", "'', ''"})
  void bothPartsAreNeeded(String namespace, String id) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ContainerId(namespace, id))
        .withMessageContaining("'" + namespace + "' and '" + id + "'");
  }

  @Test
  void logsShowNamespaceAndId() {
    assertThat(new ContainerId("k8s.io", "web")).hasToString("k8s.io/web");
  }
}
