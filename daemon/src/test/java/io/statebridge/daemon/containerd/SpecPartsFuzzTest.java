package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

/** Any bytes are a spec, or nothing is kept of them. What is kept is read again as it is. */
final class SpecPartsFuzzTest {

  @FuzzTest
  void anySpecIsReadOrLeft(byte[] input) {
    SpecParts parts = SpecParts.of(spec(ByteString.copyFrom(input)));

    assertThat(SpecParts.of(spec(ByteString.copyFromUtf8(parts.json())))).isEqualTo(parts);
  }

  private static Any spec(ByteString json) {
    return Any.newBuilder().setTypeUrl("types.containerd.io/Spec").setValue(json).build();
  }
}
