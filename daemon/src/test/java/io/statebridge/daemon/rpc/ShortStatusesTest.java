package io.statebridge.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShortStatusesTest {

  @Test
  void aTextIsCutWhereItsEncodingPassesTheLimitAndBetweenCharacters() {
    assertThat(ShortStatuses.cut("short")).isEqualTo("short");
    assertThat(ShortStatuses.cut("x".repeat(2048))).isEqualTo("x".repeat(2048));
    assertThat(ShortStatuses.cut("x".repeat(2049))).isEqualTo("x".repeat(2045) + "...");
    assertThat(ShortStatuses.cut("%".repeat(683))).isEqualTo("%".repeat(681) + "...");
    assertThat(ShortStatuses.cut("\ud83d\ude00".repeat(171)))
        .isEqualTo("\ud83d\ude00".repeat(170) + "...");
    assertThat(ShortStatuses.cut(null)).isNull();
  }

  @Test
  void anIdOfManyKilobytesIsAnsweredByNameAndNotByTheClientsLimitOfHeaders(@TempDir Path directory)
      throws IOException {
    try (Api api = Api.in(directory)) {
      StatusRuntimeException failure =
          Assertions.catchThrowableOfType(
              StatusRuntimeException.class,
              () ->
                  RuntimeServiceGrpc.newBlockingStub(api.connect())
                      .withDeadlineAfter(10, TimeUnit.SECONDS)
                      .containerStatus(
                          ContainerStatusRequest.newBuilder()
                              .setContainerId("x".repeat(16 << 10))
                              .build()));

      assertThat(failure.getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
      assertThat(failure.getStatus().getDescription())
          .startsWith("no container \"x")
          .endsWith("x...");
    }
  }
}
