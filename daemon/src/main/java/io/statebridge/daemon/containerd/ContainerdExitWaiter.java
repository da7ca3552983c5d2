package io.statebridge.daemon.containerd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.Timestamp;
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
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Waits through containerd, which asks the shim: for shims that we cannot ask ourselves.
 * Thread-safe; stages complete on the channel's event loop.
 */
public final class ContainerdExitWaiter implements ExitWaiter {

  private final ManagedChannel channel;
  private final GrpcContainerRuntime runtime;
  private final Sandboxes sandboxes;

  /**
   * @param runtime of the same containerd, which has learned what is a sandbox
   */
  public ContainerdExitWaiter(ContainerdChannel channel, GrpcContainerRuntime runtime) {
    this.channel = channel.grpc();
    this.runtime = runtime;
    this.sandboxes = runtime.sandboxes();
  }

  @Override
  public ExitSource source() {
    return ExitSource.WAIT;
  }

  @Override
  public Wait open(ContainerId id, long pid, String bundle) {
    OpenWait wait = new OpenWait();
    if (sandboxes.knows(id)) {
      // It has one run only.
      wait.awaitSandbox(id);
      return wait;
    }
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
                wait.awaitTask(id);
              }
            });
    return wait;
  }

  private final class OpenWait implements Wait {
    final CompletableFuture<Exit> exit = new CompletableFuture<>();

    void awaitTask(ContainerId id) {
      await(
          "Tasks/Wait",
          GrpcContainerRuntime.inNamespace(id.namespace(), TasksGrpc.newFutureStub(channel))
              .wait(WaitRequest.newBuilder().setContainerId(id.id()).build()),
          response -> answered(response.getExitStatus(), response.getExitedAt()));
    }

    void awaitSandbox(ContainerId id) {
      await(
          "Controller/Wait",
          sandboxes.end(id),
          response -> answered(response.getExitStatus(), response.getExitedAt()));
    }

    private <A> void await(String call, ListenableFuture<A> answer, Consumer<A> answered) {
      // Given up: so is the call.
      exit.whenComplete((ended, failure) -> answer.cancel(true));
      Futures.addCallback(
          answer,
          new FutureCallback<A>() {
            @Override
            public void onSuccess(A response) {
              answered.accept(response);
            }

            @Override
            public void onFailure(Throwable failure) {
              exit.completeExceptionally(RuntimeFailures.of(call, failure));
            }
          },
          MoreExecutors.directExecutor());
    }

    private void answered(int status, Timestamp at) {
      Instant exitedAt = Times.orNull(at);
      if (exitedAt == null) {
        exit.completeExceptionally(
            new RuntimeFailure(Kind.TRANSIENT, "an exit without a time is none"));
      } else {
        exit.complete(new Exit(status, exitedAt, ExitSource.WAIT));
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
