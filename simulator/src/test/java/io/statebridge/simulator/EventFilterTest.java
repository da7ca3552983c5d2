package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EventFilterTest {
  private static final Envelope EXIT = event("default", "/tasks/exit");

  private static Envelope event(String namespace, String topic) {
    return Envelope.newBuilder().setNamespace(namespace).setTopic(topic).build();
  }

  private static boolean passes(Envelope event, String... filters) {
    return EventFilter.of(List.of(filters)).test(event);
  }

  @Test
  void noFilterAndAnEmptyOneLetEverythingThrough() {
    assertThat(passes(EXIT)).isTrue();
    assertThat(passes(EXIT, "")).isTrue();
    assertThat(passes(EXIT, "topic==nothing", "")).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "namespace==default, true",
        "namespace==k8s.io, false",
        "namespace!=k8s.io, true",
        "namespace!=default, false",
        "topic==\"/tasks/exit\", true",
        "topic==\"/tasks/exi\", false",
        "topic==\"\", false",
        "topic!=\"\", true",
        "topic!=\"/tasks/exit\", false",
        "topic~=\"^/tasks/\", true",
        "topic~=\"exit\", true",
        "topic~=\"^exit\", false",
        "topic~=\"^/(tasks|containers)/\", true",
        "topic~=\"^/(images|snapshot)/\", false",
        "topic==\"/tasks/.xit\", false",
        "namespace~=d.f, true",
      })
  void anOperatorComparesWholeValuesOrFindsAPattern(String filter, boolean passes) {
    assertThat(passes(EXIT, filter)).isEqualTo(passes);
  }

  @Test
  void aCommaMeansThatBothMustHold() {
    String both = "namespace==default,topic==\"/tasks/exit\"";

    assertThat(passes(EXIT, both)).isTrue();
    assertThat(passes(event("k8s.io", "/tasks/exit"), both)).isFalse();
    assertThat(passes(event("default", "/tasks/oom"), both)).isFalse();
  }

  @Test
  void ofSeveralFiltersOneMustHold() {
    String[] filters = {"topic==\"/tasks/exit\"", "namespace==k8s.io,topic==\"/tasks/oom\""};

    assertThat(passes(EXIT, filters)).isTrue();
    assertThat(passes(event("k8s.io", "/tasks/oom"), filters)).isTrue();
    assertThat(passes(event("default", "/tasks/oom"), filters)).isFalse();
  }

  @Test
  void aCommaWithinQuotesIsPartOfTheValue() {
    assertThat(passes(event("a", "x,y"), "topic==\"x,y\"")).isTrue();
    assertThat(passes(event("a", "x,y"), "topic==\"x,y\",namespace==b")).isFalse();
    assertThat(passes(event("a", "xx"), "namespace==a,topic~=\"^x{1,2}$\"")).isTrue();
    assertThat(passes(event("a", "xxx"), "namespace==a,topic~=\"^x{1,2}$\"")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topic",
        "topic==",
        "topic=\"/tasks/exit\"",
        "topic==/tasks/exit",
        "topic~=\"open",
        "event.id==x",
        "topic==a,",
        ",topic==a",
        "topic==a b",
        "topic==a,,namespace==b"
      })
  void aFilterThatCannotBeParsedIsAnUnknownError(String filter) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> passes(EXIT, filter))
        .satisfies(
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNKNOWN);
              assertThat(e.getStatus().getDescription()).contains(filter);
            });
  }
}
