package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.GrpcContainerRuntime.call;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.in;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.inNamespace;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ManagedChannel;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.proto.containerd.sandbox.v1.ControllerGrpc;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitRequest;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What sandboxers say of their sandboxes: that one runs, as long as it is ready, and how it ended.
 * Thread-safe.
 */
final class Sandboxers {

  private static final String READY = "SANDBOX_READY";

  /** What has ended tells how at once; a sandbox that is yet to be started does not answer. */
  private static final Duration END_TIMEOUT = Duration.ofSeconds(2);

  private final ManagedChannel channel;
  private final Duration deadline;

  /**
   * @param deadline of a question for a status
   */
  Sandboxers(ManagedChannel channel, Duration deadline) {
    this.channel = channel;
    this.deadline = deadline;
  }

  /** Fails with NOT_FOUND when it is not ready. */
  CompletionStage<TaskInfo> status(ContainerId id, String sandboxer) {
    return orNotFound(
        id,
        call(
            "Controller/Status",
            in(id.namespace(), ControllerGrpc.newFutureStub(channel), deadline)
                .status(
                    ControllerStatusRequest.newBuilder()
                        .setSandboxId(id.id())
                        .setSandboxer(sandboxer)
                        .build()),
            response -> running(id, response)));
  }

  /**
   * What is not ready has no process that lives. How it ended, and whether it was started at all,
   * is for Wait to tell: some tell no time of it here, and some no pid.
   */
  private static TaskInfo running(ContainerId id, ControllerStatusResponse status) {
    if (!status.getState().equals(READY)) {
      throw notFound(id, "is not ready");
    }
    return new TaskInfo(
        id, TaskInfo.Status.RUNNING, Integer.toUnsignedLong(status.getPid()), 0, null);
  }

  /** How one that is not ready ended; fails with TRANSIENT when it may yet be started. */
  CompletionStage<PastRun> pastRun(ContainerId id, String sandboxer) {
    return orNotFound(
        id,
        call(
            "Controller/Wait",
            in(id.namespace(), ControllerGrpc.newFutureStub(channel), END_TIMEOUT)
                .wait(waitRequest(id, sandboxer)),
            response -> ended(id, response)));
  }

  private static PastRun ended(ContainerId id, ControllerWaitResponse response) {
    Instant exitedAt = Times.orNull(response.getExitedAt());
    if (exitedAt == null) {
      throw notFound(id, "does not tell when it ended");
    }
    return new PastRun(null, new Exit(response.getExitStatus(), exitedAt, ExitSource.LISTED));
  }

  /** Answered when it ends, without a deadline. */
  ListenableFuture<ControllerWaitResponse> end(ContainerId id, String sandboxer) {
    return inNamespace(id.namespace(), ControllerGrpc.newFutureStub(channel))
        .wait(waitRequest(id, sandboxer));
  }

  private static ControllerWaitRequest waitRequest(ContainerId id, String sandboxer) {
    return ControllerWaitRequest.newBuilder().setSandboxId(id.id()).setSandboxer(sandboxer).build();
  }

  /** One that cannot be asked at all knows of no task: asking again would not help. */
  private static <T> CompletionStage<T> orNotFound(ContainerId id, CompletionStage<T> answer) {
    return answer.exceptionallyCompose(
        failure ->
            CompletableFuture.failedStage(
                RuntimeFailures.kindOf(failure) == Kind.PERMANENT
                    ? notFound(id, "cannot be asked")
                    : failure));
  }

  private static RuntimeFailure notFound(ContainerId id, String why) {
    return new RuntimeFailure(Kind.NOT_FOUND, "the sandbox " + id + " " + why);
  }
}
