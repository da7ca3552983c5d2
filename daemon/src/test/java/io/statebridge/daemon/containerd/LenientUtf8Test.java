package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.containers.v1.ListContainersResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LenientUtf8Test {

  private static final Container WEB =
      Container.newBuilder()
          .setId("web")
          .putLabels("good", "grün")
          .putLabels("bad", "XX")
          .setImage("XX")
          .setSpec(Any.newBuilder().setTypeUrl("t").setValue(ByteString.copyFromUtf8("XX")))
          .setCreatedAt(Timestamp.newBuilder().setSeconds(1L << 40).setNanos(7))
          .build();

  /** The message with two bytes that are no UTF-8 for each XX. */
  private static byte[] spoilt(ListContainersResponse message) {
    byte[] bytes = message.toByteArray();
    for (int i = 0; i + 1 < bytes.length; i++) {
      if (bytes[i] == 'X' && bytes[i + 1] == 'X') {
        bytes[i] = (byte) 0xff;
        bytes[i + 1] = (byte) 0xfe;
      }
    }
    return bytes;
  }

  private static ListContainersResponse parse(byte[] bytes) throws IOException {
    return (ListContainersResponse)
        LenientUtf8.parse(ListContainersResponse.getDefaultInstance(), bytes);
  }

  @Test
  void aStringThatIsNoUtf8IsShownAndAllElseIsAsItWas() throws IOException {
    Container other = Container.newBuilder().setId("other").build();
    ListContainersResponse list =
        ListContainersResponse.newBuilder().addContainers(WEB).addContainers(other).build();
    byte[] bytes = spoilt(list);
    assertThatExceptionOfType(InvalidProtocolBufferException.class)
        .isThrownBy(() -> ListContainersResponse.parseFrom(bytes));

    ListContainersResponse read = parse(bytes);

    Container web = read.getContainers(0);
    assertThat(web.getLabelsMap())
        .containsEntry("good", "grün")
        .containsEntry("bad", "\ufffd\ufffd");
    assertThat(web.getImage()).isEqualTo("\ufffd\ufffd");
    assertThat(web.getSpec().getValue().toByteArray()).containsExactly(0xff, 0xfe);
    assertThat(web.getCreatedAt()).isEqualTo(WEB.getCreatedAt());
    assertThat(read.getContainers(1)).isEqualTo(other);
  }

  @Test
  void whatIsUnknownIsKept() throws IOException {
    ByteArrayOutputStream buffer = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(buffer);
    out.writeUInt64(100, -1);
    out.writeFixed64(101, 5);
    out.writeFixed32(102, 6);
    out.writeByteArray(103, "x".getBytes(StandardCharsets.UTF_8));
    out.flush();
    buffer.write(spoilt(ListContainersResponse.newBuilder().addContainers(WEB).build()));

    ListContainersResponse read = parse(buffer.toByteArray());

    assertThat(read.getUnknownFields().getField(100).getVarintList()).containsExactly(-1L);
    assertThat(read.getUnknownFields().getField(101).getFixed64List()).containsExactly(5L);
    assertThat(read.getUnknownFields().getField(102).getFixed32List()).containsExactly(6);
    assertThat(read.getUnknownFields().getField(103).getLengthDelimitedList()).hasSize(1);
  }

  /** Whatever comes: it is read, or refused as unreadable, and nothing else happens. */
  @Test
  void anyBytesAreReadOrRefused() {
    Random random = new Random(42);
    byte[] message = spoilt(ListContainersResponse.newBuilder().addContainers(WEB).build());
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = message.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        parse(bytes);
        read++;
      } catch (IOException e) {
        assertThat(e).isInstanceOf(InvalidProtocolBufferException.class);
      }
    }
    assertThat(read).isBetween(1000, 19_000);
  }
}
