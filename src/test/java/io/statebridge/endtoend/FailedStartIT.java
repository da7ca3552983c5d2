package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.v1.Container;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Containers that a real containerd's CRI plugin could not start. When the task could not be made,
 * no event tells of it; when it could not be started, the events tell of a kill.
 */
final class FailedStartIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final RefusingRunc runc = containerd.useRefusingRunc();

  /** It sees what is not forwarded when it compares the list. */
  private final StatebridgeProcess beside =
      StatebridgeProcess.configured(containerd.socket(), "reconcile_interval = \"1s\"");

  private final StatebridgeProcess forwarding =
      StatebridgeProcess.configured(
          containerd.socket(), "cri_forward = true", "reconcile_interval = \"60m\"");

  private CriPods pods;
  private CriPods.Pod pod;

  @BeforeEach
  void start() {
    containerd.start();
    pods = containerd.pods();
    pod = pods.run("fails");
  }

  @AfterEach
  void end() throws IOException {
    try (containerd;
        beside) {
      forwarding.close();
    }
  }

  private static void startAndFollow(StatebridgeProcess statebridge) {
    statebridge.start();
    statebridge.awaitInSync();
  }

  private ContainerId withoutProgram() {
    return pods.create(
        pod, pods.container("nosuch").toBuilder().clearCommand().addCommand("/no/such").build());
  }

  private ContainerId refused() {
    ContainerId id = pods.create(pod, "refused");
    runc.refuseToStart(id);
    return id;
  }

  private static void assertDoesNotStart(CriPods pods, ContainerId id) {
    assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> pods.start(id));
  }

  @Test
  void aContainerWhoseTaskCouldNotBeMadeIsRecordedAsThePluginHasIt() {
    startAndFollow(beside);
    ContainerId id = withoutProgram();

    assertDoesNotStart(pods, id);

    assertIsRecorded(beside, id, "/no/such");
  }

  @Test
  void aContainerWhoseTaskCouldNotBeStartedIsRecordedAsThePluginHasIt() {
    startAndFollow(beside);
    ContainerId id = refused();

    assertDoesNotStart(pods, id);

    assertIsRecorded(beside, id, RefusingRunc.WORDS);
  }

  @Test
  void aFailedStartThatWasForwardedIsReadAtOnce() {
    startAndFollow(forwarding);
    CriPods through = pods.through(forwarding.channel());
    ContainerId withoutProgram = withoutProgram();
    ContainerId refused = refused();

    assertDoesNotStart(through, withoutProgram);
    assertHasFailedToStart(through.status(withoutProgram), pods.status(withoutProgram));
    assertDoesNotStart(through, refused);
    assertHasFailedToStart(through.status(refused), pods.status(refused));

    assertIsRecorded(forwarding, withoutProgram, "/no/such");
    assertIsRecorded(forwarding, refused, RefusingRunc.WORDS);
  }

  @Test
  void whatFailedToStartBeforeWeCameIsAskedOfThePlugin() {
    ContainerId withoutProgram = withoutProgram();
    ContainerId refused = refused();
    assertDoesNotStart(pods, withoutProgram);
    assertDoesNotStart(pods, refused);

    startAndFollow(beside);

    assertIsRecorded(beside, withoutProgram, "/no/such");
    assertIsRecorded(beside, refused, RefusingRunc.WORDS);
  }

  private void assertIsRecorded(StatebridgeProcess statebridge, ContainerId id, String words) {
    ContainerStatus theirs = pods.status(id);
    assertThat(theirs.getReason()).isEqualTo("StartError");
    assertThat(theirs.getMessage()).contains(words);
    await("the failed start of " + id)
        .untilAsserted(() -> assertHasFailedToStart(CriPods.status(statebridge.cri(), id), theirs));
    Container record = new Records(statebridge).find(id).orElseThrow();
    assertThat(record.getState())
        .isEqualTo(io.statebridge.proto.v1.ContainerState.CONTAINER_STATE_EXITED);
    assertThat(record.getExitCode()).isEqualTo(theirs.getExitCode());
    assertThat(record.getReason()).isEqualTo(theirs.getReason());
    assertThat(record.getMessage()).isEqualTo(theirs.getMessage());
    assertThat(record.hasStartedAt()).isFalse();
  }

  private static void assertHasFailedToStart(ContainerStatus ours, ContainerStatus theirs) {
    assertThat(theirs.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(theirs.getExitCode()).isEqualTo(128);
    assertThat(theirs.getStartedAt()).isZero();
    assertThat(ours.getState()).isEqualTo(theirs.getState());
    assertThat(ours.getReason()).isEqualTo(theirs.getReason());
    assertThat(ours.getExitCode()).isEqualTo(theirs.getExitCode());
    assertThat(ours.getMessage()).isEqualTo(theirs.getMessage());
    assertThat(ours.getStartedAt()).isZero();
    assertThat(ours.getFinishedAt()).isPositive();
  }
}
