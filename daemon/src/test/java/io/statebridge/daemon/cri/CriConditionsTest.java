package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.cri.v1.CgroupDriver;
import io.statebridge.proto.cri.v1.RuntimeCondition;
import io.statebridge.proto.cri.v1.RuntimeConfigRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceImplBase;
import io.statebridge.proto.cri.v1.RuntimeStatus;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import org.junit.jupiter.api.Test;

class CriConditionsTest {

  /** One before 2.0, whose network is not ready. */
  private static final class Plugin extends RuntimeServiceImplBase {
    boolean broken;

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
      if (broken) {
        out.onError(Status.INTERNAL.withDescription("out of order").asRuntimeException());
        return;
      }
      out.onNext(
          StatusResponse.newBuilder()
              .setStatus(
                  RuntimeStatus.newBuilder()
                      .addConditions(condition("RuntimeReady", true))
                      .addConditions(condition("NetworkReady", false))
                      .addConditions(condition("Another", true)))
              .putInfo(
                  "config",
                  """
                  {"containerd": {"defaultRuntimeName": "r",
                    "runtimes": {"r": {"options": {"SystemdCgroup": true}}}}}
                  """)
              .build());
      out.onCompleted();
    }

    private static RuntimeCondition condition(String type, boolean status) {
      return RuntimeCondition.newBuilder().setType(type).setStatus(status).build();
    }
  }

  private static StatusResponse status(CriFixture f) {
    return f.client().status(StatusRequest.newBuilder().setVerbose(true).build());
  }

  private static void assertConditions(CriFixture f, String... conditions) {
    assertThat(status(f).getStatus().getConditionsList())
        .extracting(c -> "%s %s %s".formatted(c.getType(), c.getStatus(), c.getReason()).strip())
        .containsExactly(conditions);
  }

  @Test
  void thePluginsConditionsAreToldWhileWeAreInSync() throws Exception {
    Plugin plugin = new Plugin();
    try (CriFixture f = new CriFixture(false, plugin)) {
      assertConditions(f, "RuntimeReady true", "NetworkReady false", "Another true");

      f.inSync = false;
      assertConditions(
          f, "RuntimeReady false ContainerdNotInSync", "NetworkReady false", "Another true");

      f.inSync = true;
      plugin.broken = true;
      assertConditions(
          f, "RuntimeReady false CriPluginNotAnswering", "NetworkReady false NetworkStateUnknown");
      assertThat(
              new ObjectMapper()
                  .readTree(status(f).getInfoOrThrow("statebridge"))
                  .path("epoch")
                  .asText())
          .isEqualTo("e1");
    }
  }

  @Test
  void withoutAPluginTheRuntimeIsReadyAndNobodyKnowsOfTheNetwork() {
    try (CriFixture f = new CriFixture(false)) {
      assertConditions(f, "RuntimeReady true", "NetworkReady false NoCriPlugin");
      assertThatExceptionOfType(StatusRuntimeException.class)
          .isThrownBy(() -> f.client().runtimeConfig(RuntimeConfigRequest.getDefaultInstance()))
          .withMessageContaining("only containerd's CRI plugin knows");
    }
  }

  @Test
  void theDriverIsReadFromAnOlderPluginsStatusAndKept() throws Exception {
    try (CriFixture f = new CriFixture(false, new Plugin())) {
      assertThat(driver(f)).isEqualTo(CgroupDriver.SYSTEMD);

      f.stopContainerd();

      assertThat(driver(f)).isEqualTo(CgroupDriver.SYSTEMD);
    }
  }

  private static CgroupDriver driver(CriFixture f) {
    return f.client()
        .runtimeConfig(RuntimeConfigRequest.getDefaultInstance())
        .getLinux()
        .getCgroupDriver();
  }
}
