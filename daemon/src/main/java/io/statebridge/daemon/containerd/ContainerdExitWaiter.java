package io.statebridge.daemon.containerd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.ManagedChannel;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import io.statebridge.proto.containerd.tasks.v1.WaitRequest;
import io.statebridge.proto.containerd.tasks.v1.WaitResponse;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Waits through containerd, which asks the shim: for shims that we cannot ask ourselves.
 * Thread-safe; stages complete on the channel's event loop.
 */
public final class ContainerdExitWaiter implements ExitWaiter {

  private final ManagedChannel channel;
  private final GrpcContainerRuntime runtime;

  public ContainerdExitWaiter(ContainerdChannel channel) {
    this.channel = channel.grpc();
    this.runtime = new GrpcContainerRuntime(channel);
  }

  @Override
  public ExitSource source() {
    return ExitSource.WAIT;
  }

  @Override
  public Wait open(ContainerId id, long pid, String bundle) {
    OpenWait wait = new OpenWait();
    runtime
        .getTask(id)
        .whenComplete(
            (task, failure) -> {
              if (failure != null) {
                wait.exit.completeExceptionally(failure);
              } else if (task.pid() != pid && task.status() != TaskInfo.Status.UNKNOWN) {
                wait.exit.completeExceptionally(
                    new RuntimeFailure(
                        Kind.NOT_FOUND,
                        "Tasks/Wait: the task of " + id + " has another process than " + pid));
              } else {
                wait.await(id);
              }
            });
    return wait;
  }

  private final class OpenWait implements Wait {
    final CompletableFuture<Exit> exit = new CompletableFuture<>();

    void await(ContainerId id) {
      ListenableFuture<WaitResponse> answer =
          GrpcContainerRuntime.inNamespace(id.namespace(), TasksGrpc.newFutureStub(channel))
              .wait(WaitRequest.newBuilder().setContainerId(id.id()).build());
      // Given up: so is the call.
      exit.whenComplete((ended, failure) -> answer.cancel(true));
      Futures.addCallback(
          answer,
          new FutureCallback<WaitResponse>() {
            @Override
            public void onSuccess(WaitResponse response) {
              answered(response);
            }

            @Override
            public void onFailure(Throwable failure) {
              exit.completeExceptionally(RuntimeFailures.of("Tasks/Wait", failure));
            }
          },
          MoreExecutors.directExecutor());
    }

    private void answered(WaitResponse response) {
      Instant exitedAt = Times.orNull(response.getExitedAt());
      if (exitedAt == null) {
        exit.completeExceptionally(
            new RuntimeFailure(Kind.TRANSIENT, "Tasks/Wait: an exit without a time is none"));
      } else {
        exit.complete(new Exit(response.getExitStatus(), exitedAt, ExitSource.WAIT));
      }
    }

    @Override
    public CompletionStage<Exit> exit() {
      return exit;
    }

    @Override
    public void close() {
      exit.cancel(false);
    }
  }
}
