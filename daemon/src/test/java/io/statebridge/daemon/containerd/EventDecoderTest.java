package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Malformed;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerEvent.Unrecognised;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.proto.containerd.events.ContainerCreate;
import io.statebridge.proto.containerd.events.ContainerDelete;
import io.statebridge.proto.containerd.events.ContainerUpdate;
import io.statebridge.proto.containerd.events.TaskCreate;
import io.statebridge.proto.containerd.events.TaskDelete;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.TaskOOM;
import io.statebridge.proto.containerd.events.TaskPaused;
import io.statebridge.proto.containerd.events.TaskResumed;
import io.statebridge.proto.containerd.events.TaskStart;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EventDecoderTest {
  private static final ContainerId ID = new ContainerId("k8s.io", "web");
  private static final Instant PUBLISHED = Instant.parse("2026-01-02T03:04:05.000000006Z");
  private static final Instant ENDED = Instant.parse("2026-01-02T03:04:04.123456789Z");
  private static final Instant NOW = Instant.parse("2026-02-03T04:05:06Z");
  private static final Timestamp YEAR_ONE =
      Timestamp.newBuilder().setSeconds(-62_135_596_800L).build();
  private static final String PROBE = "/statebridge/probe/1";

  private final EventDecoder decoder = new EventDecoder(PROBE, () -> NOW);

  private static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  private static Envelope envelope(String typeUrl, ByteString bytes) {
    return Envelope.newBuilder()
        .setTimestamp(timestamp(PUBLISHED))
        .setNamespace("k8s.io")
        .setTopic("/some/topic")
        .setEvent(Any.newBuilder().setTypeUrl(typeUrl).setValue(bytes))
        .build();
  }

  private static Envelope envelope(Message event) {
    return envelope(event.getDescriptorForType().getFullName(), event.toByteString());
  }

  private ContainerEvent decode(Message event) {
    return decoder.decode(envelope(event));
  }

  static Stream<Arguments> everyType() {
    return Stream.of(
        Arguments.of(
            TaskExit.newBuilder()
                .setContainerId("web")
                .setId("web")
                .setPid(42)
                .setExitStatus(137)
                .setExitedAt(timestamp(ENDED))
                .build(),
            new ContainerEvent.Exited(ID, "web", 42, new Exit(137, ENDED, ExitSource.EVENT))),
        Arguments.of(
            TaskExit.newBuilder()
                .setContainerId("web")
                .setId("exec-1")
                .setPid(43)
                .setExitedAt(timestamp(ENDED))
                .build(),
            new ContainerEvent.Exited(ID, "exec-1", 43, new Exit(0, ENDED, ExitSource.EVENT))),
        Arguments.of(
            TaskExit.newBuilder()
                .setContainerId("web")
                .setPid(42)
                .setExitStatus(7)
                .setExitedAt(timestamp(ENDED))
                .build(),
            new ContainerEvent.Exited(ID, "web", 42, new Exit(7, ENDED, ExitSource.EVENT))),
        Arguments.of(
            TaskCreate.newBuilder()
                .setContainerId("web")
                .setBundle("/run/bundle")
                .setPid(42)
                .build(),
            new ContainerEvent.TaskCreated(ID, 42, "/run/bundle", PUBLISHED)),
        Arguments.of(
            TaskStart.newBuilder().setContainerId("web").setPid(42).build(),
            new ContainerEvent.TaskStarted(ID, 42, PUBLISHED)),
        Arguments.of(
            TaskDelete.newBuilder()
                .setContainerId("web")
                .setPid(42)
                .setExitStatus(3)
                .setExitedAt(timestamp(ENDED))
                .build(),
            new ContainerEvent.TaskDeleted(ID, 42, new Exit(3, ENDED, ExitSource.EVENT))),
        Arguments.of(
            TaskDelete.newBuilder()
                .setContainerId("web")
                .setId("web")
                .setPid(42)
                .setExitStatus(3)
                .setExitedAt(timestamp(ENDED))
                .build(),
            new ContainerEvent.TaskDeleted(ID, 42, new Exit(3, ENDED, ExitSource.EVENT))),
        Arguments.of(
            TaskPaused.newBuilder().setContainerId("web").build(),
            new ContainerEvent.TaskPaused(ID)),
        Arguments.of(
            TaskResumed.newBuilder().setContainerId("web").build(),
            new ContainerEvent.TaskResumed(ID)),
        Arguments.of(
            TaskOOM.newBuilder().setContainerId("web").build(), new ContainerEvent.OutOfMemory(ID)),
        Arguments.of(
            ContainerCreate.newBuilder().setId("web").build(),
            new ContainerEvent.ContainerCreated(ID, "", "")),
        Arguments.of(
            ContainerCreate.newBuilder()
                .setId("web")
                .setImage("busybox")
                .setRuntime(ContainerCreate.Runtime.newBuilder().setName("io.containerd.runc.v2"))
                .build(),
            new ContainerEvent.ContainerCreated(ID, "busybox", "io.containerd.runc.v2")),
        Arguments.of(
            ContainerUpdate.newBuilder().setId("web").putLabels("a", "b").build(),
            new ContainerEvent.ContainerChanged(ID)),
        Arguments.of(
            ContainerDelete.newBuilder().setId("web").build(),
            new ContainerEvent.ContainerDeleted(ID)));
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void anEventSaysWhatItsBytesSay(Message message, ContainerEvent event) {
    assertThat(decode(message)).isEqualTo(event);
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void aTypeMayBeNamedByAUrl(Message message, ContainerEvent event) {
    String url = "types.googleapis.com/" + message.getDescriptorForType().getFullName();

    assertThat(decoder.decode(envelope(url, message.toByteString()))).isEqualTo(event);
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void anEventWithoutAContainerIsMalformed(Message message, ContainerEvent event) {
    String type = message.getDescriptorForType().getFullName();

    assertThat(decode(message.getDefaultInstanceForType()))
        .isInstanceOfSatisfying(
            Malformed.class,
            malformed -> {
              assertThat(malformed.topic()).isEqualTo("/some/topic");
              assertThat(malformed.type()).isEqualTo(type);
              assertThat(malformed.problem()).contains("needs a namespace and an id");
            });
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void anEventWithoutANamespaceIsMalformed(Message message, ContainerEvent event) {
    assertThat(decoder.decode(envelope(message).toBuilder().clearNamespace().build()))
        .isInstanceOf(Malformed.class);
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void bytesThatAreCutShortAreMalformed(Message message, ContainerEvent event) {
    ByteString bytes = message.toByteString();
    String type = message.getDescriptorForType().getFullName();

    assertThat(decoder.decode(envelope(type, bytes.substring(0, bytes.size() - 1))))
        .isInstanceOf(Malformed.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "containerd.events.TaskIO",
        "containerd.events.TaskExit2",
        "containerd.events.taskexit",
        "TaskExit",
        "containerd.events.TaskExit/",
        "google.protobuf.Empty",
        "",
        "/"
      })
  void aTypeThatIsOfNoConcernIsNotEvenParsed(String type) {
    ContainerEvent event = decoder.decode(envelope(type, ByteString.fromHex("ffff")));

    assertThat(event)
        .isEqualTo(new Unrecognised("/some/topic", type.substring(type.lastIndexOf('/') + 1)));
  }

  @Test
  void theEndOfAnExecIsOfNoConcernOnceItIsDeleted() {
    ContainerEvent event =
        decode(TaskDelete.newBuilder().setContainerId("web").setId("exec-1").build());

    assertThat(event).isEqualTo(new Unrecognised("/some/topic", "containerd.events.TaskDelete"));
  }

  @Test
  void aTaskThatNeverRanLeavesNoExit() {
    ContainerEvent event =
        decode(
            TaskDelete.newBuilder().setContainerId("web").setPid(42).setExitedAt(YEAR_ONE).build());

    assertThat(event).isEqualTo(new ContainerEvent.TaskDeleted(ID, 42, null));
  }

  @Test
  void anExitOfTheYearOneIsThatOfATaskThatWasDeletedBeforeItRan() {
    ContainerEvent event =
        decode(
            TaskExit.newBuilder()
                .setContainerId("web")
                .setId("web")
                .setPid(42)
                .setExitStatus(137)
                .setExitedAt(YEAR_ONE)
                .build());

    assertThat(event).isEqualTo(new ContainerEvent.TaskDeleted(ID, 42, null));
  }

  @Test
  void anExitWithoutATimeEndedWhenItWasPublished() {
    ContainerEvent event = decode(TaskExit.newBuilder().setContainerId("web").setId("web").build());

    assertThat(event)
        .isEqualTo(
            new ContainerEvent.Exited(ID, "web", 0, new Exit(0, PUBLISHED, ExitSource.EVENT)));
  }

  @Test
  void anEnvelopeWithoutATimeCameNow() {
    TaskStart start = TaskStart.newBuilder().setContainerId("web").setPid(42).build();

    for (Timestamp none : List.of(YEAR_ONE, Timestamp.getDefaultInstance())) {
      assertThat(decoder.decode(envelope(start).toBuilder().setTimestamp(none).build()))
          .isEqualTo(new ContainerEvent.TaskStarted(ID, 42, NOW));
    }
  }

  @Test
  void pidsAreUnsigned() {
    ContainerEvent event =
        decode(TaskExit.newBuilder().setContainerId("web").setId("web").setPid(-1).build());

    assertThat(event)
        .isInstanceOfSatisfying(
            ContainerEvent.Exited.class,
            exited -> {
              assertThat(exited.pid()).isEqualTo(4_294_967_295L);
              assertThat(exited.fromDeadShim()).isTrue();
            });
    assertThat(decode(TaskStart.newBuilder().setContainerId("web").setPid(-2).build()))
        .isEqualTo(new ContainerEvent.TaskStarted(ID, 4_294_967_294L, PUBLISHED));
  }

  @Test
  void ourOwnTopicIsAProbeWhateverItCarries() {
    Envelope empty = Envelope.newBuilder().setTopic(PROBE).build();
    Envelope odd = envelope("containerd.events.TaskExit", ByteString.fromHex("ffff"));

    assertThat(decoder.decode(empty)).isEqualTo(new Probe(PROBE));
    assertThat(decoder.decode(odd.toBuilder().setTopic(PROBE).build())).isEqualTo(new Probe(PROBE));
    assertThat(decoder.decode(empty.toBuilder().setTopic(PROBE + "2").build()))
        .isEqualTo(new Unrecognised(PROBE + "2", ""));
  }

  @ParameterizedTest
  @MethodSource("everyType")
  void noBytesWhateverMakeItThrow(Message message, ContainerEvent event) {
    Random random = new Random(message.hashCode());
    byte[] valid = message.toByteArray();

    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = i % 2 == 0 ? valid.clone() : new byte[random.nextInt(40)];
      if (i % 2 == 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      } else {
        random.nextBytes(bytes);
      }
      Envelope envelope =
          envelope(message.getDescriptorForType().getFullName(), ByteString.copyFrom(bytes))
              .toBuilder()
              .setTimestamp(
                  Timestamp.newBuilder().setSeconds(random.nextLong()).setNanos(random.nextInt()))
              .build();

      assertThat(decoder.decode(envelope)).isNotNull();
    }
  }
}
