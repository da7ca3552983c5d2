package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.GrpcContainerRuntime.call;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.within;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * How the containers of containerd's CRI plugin ended, as the plugin remembers it. The plugin takes
 * every id for a prefix: its answer counts only for a container of exactly the id that was asked
 * for. Thread-safe.
 */
final class PastRuns {

  /** The reason that the plugin gives with the code 255 when it missed the end itself. */
  private static final String NOBODY_KNOWS = "Unknown";

  private final ManagedChannel channel;
  private final Duration deadline;

  PastRuns(ManagedChannel channel, Duration deadline) {
    this.channel = channel;
    this.deadline = deadline;
  }

  /** Fails with NOT_FOUND also when the plugin is not loaded or has no such container. */
  CompletionStage<PastRun> get(ContainerId id) {
    return call(
            "RuntimeService/ContainerStatus",
            within(deadline, RuntimeServiceGrpc.newFutureStub(channel))
                .containerStatus(
                    ContainerStatusRequest.newBuilder().setContainerId(id.id()).build()),
            response -> pastRun(id, response.getStatus()))
        .exceptionallyCompose(
            failure ->
                mayBeOfTheId(failure)
                    ? isListed(id).thenCompose(is -> failed(is ? failure : nothingRemembered(id)))
                    : failed(failure))
        .exceptionallyCompose(
            failure ->
                failed(
                    // It is not loaded, or not able to answer: asking again would not help.
                    RuntimeFailures.kindOf(failure) == Kind.PERMANENT
                        ? nothingRemembered(id)
                        : failure));
  }

  private static PastRun pastRun(ContainerId id, ContainerStatus status) {
    Instant finishedAt = nanos(status.getFinishedAt());
    if (!status.getId().equals(id.id())
        || status.getState() != ContainerState.CONTAINER_EXITED
        || finishedAt == null
        || status.getReason().equals(NOBODY_KNOWS)) {
      throw nothingRemembered(id);
    }
    return new PastRun(
        nanos(status.getStartedAt()),
        new Exit(
            status.getExitCode(),
            finishedAt,
            ExitSource.CRI,
            status.getReason(),
            status.getMessage()));
  }

  /**
   * A prefix of several ids fails with UNKNOWN, and so does much that passes: whether the plugin
   * has the container at all tells which it is.
   */
  private static boolean mayBeOfTheId(Throwable failure) {
    return failure instanceof RuntimeFailure told
        && told.kind() == Kind.TRANSIENT
        && told.getCause() instanceof StatusRuntimeException e
        && RuntimeFailures.isOfWhatWasAskedFor(e);
  }

  private CompletionStage<Boolean> isListed(ContainerId id) {
    return call(
        "RuntimeService/ListContainers",
        within(deadline, RuntimeServiceGrpc.newFutureStub(channel))
            .listContainers(
                ListContainersRequest.newBuilder()
                    .setFilter(ContainerFilter.newBuilder().setId(id.id()))
                    .build()),
        list -> list.getContainersList().stream().anyMatch(c -> c.getId().equals(id.id())));
  }

  private static <T> CompletionStage<T> failed(Throwable failure) {
    return CompletableFuture.failedStage(failure);
  }

  static RuntimeFailure nothingRemembered(ContainerId id) {
    return new RuntimeFailure(
        Kind.NOT_FOUND, "the CRI plugin does not remember how " + id + " ended");
  }

  private static @Nullable Instant nanos(long sinceEpoch) {
    return sinceEpoch <= 0 ? null : Instant.ofEpochSecond(0, sinceEpoch);
  }
}
