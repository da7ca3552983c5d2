package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;

class SpecPartsTest {

  private static SpecParts of(String spec) {
    return SpecParts.of(Any.newBuilder().setValue(ByteString.copyFromUtf8(spec)).build());
  }

  @Test
  void whatTheCriTellsIsKeptAndNothingElse() {
    SpecParts parts =
        of(
            """
            {"ociVersion": "1.0", "hostname": "h", "mounts": [{"destination": "/"}],
             "annotations": {"other": "x", "io.kubernetes.cri.sandbox-id": "pod"},
             "process": {"args": ["sh"], "user": {"uid": 7, "gid": 8}, "oomScoreAdj": 100},
             "linux": {"namespaces": [], "resources": {"devices": [], "cpu": {"shares": 2}}}}
            """);

    assertThat(parts.json())
        .isEqualTo(
            "{\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"pod\"},"
                + "\"process\":{\"user\":{\"uid\":7,\"gid\":8},\"oomScoreAdj\":100},"
                + "\"linux\":{\"resources\":{\"cpu\":{\"shares\":2}}}}");
    assertThat(parts.sandboxId()).isEqualTo("pod");
  }

  @Test
  void aSandboxIsNotInAPod() {
    SpecParts parts =
        of(
            """
            {"annotations": {"io.kubernetes.cri.container-type": "sandbox",
                             "io.kubernetes.cri.sandbox-id": "itself"}}
            """);

    assertThat(parts.sandboxId()).isEmpty();
  }

  @Test
  void ofNoSpecNothingIsKept() {
    for (String spec : new String[] {"", "no JSON", "[]", "7", "{}", "{\"process\": null}"}) {
      assertThat(of(spec)).as(spec).isEqualTo(new SpecParts("", ""));
    }
  }
}
