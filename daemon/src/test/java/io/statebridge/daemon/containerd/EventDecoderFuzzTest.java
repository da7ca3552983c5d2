package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.statebridge.api.ContainerEvent;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** Any envelope gives an event. The first byte chooses the type of the body in the others. */
final class EventDecoderFuzzTest {
  private static final List<String> TYPES =
      List.of(
          "TaskExit",
          "TaskCreate",
          "TaskStart",
          "TaskDelete",
          "TaskPaused",
          "TaskResumed",
          "TaskOOM",
          "ContainerCreate",
          "ContainerUpdate",
          "ContainerDelete");

  private final EventDecoder decoder = new EventDecoder("/probe", () -> Instant.EPOCH);

  @FuzzTest
  void decodesAnyBytes(byte[] input) {
    if (input.length == 0) {
      return;
    }
    int choice = Byte.toUnsignedInt(input[0]);
    byte[] bytes = Arrays.copyOfRange(input, 1, input.length);

    Envelope envelope = choice < TYPES.size() ? body(TYPES.get(choice), bytes) : whole(bytes);
    ContainerEvent event = decoder.decode(envelope);

    // What the log may show.
    assertThat(event.toString()).isNotEmpty();
  }

  private static Envelope body(String type, byte[] bytes) {
    return Envelope.newBuilder()
        .setNamespace("k8s.io")
        .setTopic("/tasks/x")
        .setEvent(
            Any.newBuilder()
                .setTypeUrl("containerd.events." + type)
                .setValue(ByteString.copyFrom(bytes)))
        .build();
  }

  private static Envelope whole(byte[] bytes) {
    try {
      return (Envelope) LenientUtf8.parse(Envelope.getDefaultInstance(), bytes);
    } catch (InvalidProtocolBufferException e) {
      // It ends the stream, and the connection is made anew.
      return Envelope.getDefaultInstance();
    }
  }
}
