package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageReferenceTest {
  private static final String HEX = "0123456789abcdef".repeat(4);

  private static String parsed(String text) {
    return ImageReference.parse(text.replace("HEX", HEX))
        .map(reference -> reference.toString().replace(HEX, "HEX"))
        .orElse("none");
  }

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox",
    "busybox:1.36, docker.io/library/busybox:1.36",
    "me/busybox:1, docker.io/me/busybox:1",
    "index.docker.io/busybox, docker.io/library/busybox",
    "docker.io/busybox, docker.io/library/busybox",
    "localhost/busybox:latest, localhost/busybox:latest",
    "localhost:5000/a/b:1, localhost:5000/a/b:1",
    "Registry.k8s.io/pause:3.9, Registry.k8s.io/pause:3.9",
    "[::1]:5000/a, '[::1]:5000/a'",
    "a/b__c--d.e_f, docker.io/a/b__c--d.e_f",
    "busybox@sha256:HEX, docker.io/library/busybox@sha256:HEX",
    "quay.io/x/y:1@sha256:HEX, quay.io/x/y:1@sha256:HEX",
    "sha256:HEX, none",
    "HEX, none",
    "'', none",
    "Busybox, none",
    "quay.io/X:1, none",
    "a/, none",
    "a//b, none",
    "a:, none",
    "a..b, none",
    "a@sha256:short, none",
  })
  void namesAreReadAsRegistriesWriteThem(String text, String full) {
    assertThat(parsed(text)).isEqualTo(full);
  }

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox:latest",
    "busybox:1, docker.io/library/busybox:1",
    "busybox:1@sha256:HEX, docker.io/library/busybox@sha256:HEX",
  })
  void whatIsAskedForIsOneName(String text, String asked) {
    assertThat(ImageReference.parse(text.replace("HEX", HEX)))
        .map(reference -> reference.asked().toString().replace(HEX, "HEX"))
        .contains(asked);
  }

  @Test
  void namesThatSayMostComeFirst() {
    assertThat(
            Stream.of("a@sha256:HEX", "z:1", "a", "b:1", "z:1@sha256:HEX")
                .flatMap(text -> ImageReference.parse(text.replace("HEX", HEX)).stream())
                .sorted(ImageReference.ORDER)
                .map(Objects::toString)
                .map(full -> full.replace("docker.io/library/", "").replace(HEX, "HEX")))
        .containsExactly("z:1@sha256:HEX", "b:1", "z:1", "a@sha256:HEX", "a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a-", "a/", "a.b", "-", ":", "@", "a_"})
  void noTextTakesLong(String piece) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          assertThat(ImageReference.parse(piece.repeat(1000 / piece.length()) + "!")).isEmpty();
          assertThat(ImageReference.parse(piece.repeat(1 << 20))).isEmpty();
        });
  }

  @Test
  void aNameThatIsTooLongIsNone() {
    assertThat(ImageReference.parse("localhost/" + "a".repeat(245))).isPresent();
    assertThat(ImageReference.parse("localhost/" + "a".repeat(246))).isEmpty();
  }
}
