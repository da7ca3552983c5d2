package io.statebridge.daemon.containerd;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime.EventListener;
import io.statebridge.api.RuntimeFailure;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Whatever containerd answers, a call gives a value or the failure that it documents. The first
 * byte chooses the call, the others are the answer to it, and to what it asks besides.
 */
final class AnswersFuzzTest {
  private static final ContainerId ID = new ContainerId("k8s.io", "web");
  private static final RawContainerd containerd = new RawContainerd();
  private static final ContainerdChannel channel = ContainerdChannel.to(containerd.socket());
  private static final GrpcContainerRuntime runtime = new GrpcContainerRuntime(channel);
  private static final GrpcContainerUsage usage = new GrpcContainerUsage(channel);

  private interface Call {
    CompletionStage<?> make();
  }

  private static final List<Call> CALLS =
      List.of(
          AnswersFuzzTest::events,
          () -> runtime.publishProbe("/probe"),
          runtime::version,
          runtime::criPluginLoaded,
          runtime::namespaces,
          () -> runtime.listContainers("k8s.io"),
          () -> runtime.listTasks("k8s.io"),
          () -> runtime.getContainer(ID),
          () -> runtime.getTask(ID),
          () -> runtime.pastRun(ID),
          () -> runtime.deleteTask(ID),
          () -> runtime.describe(ID),
          () -> usage.task(ID),
          () -> usage.writableLayer(ID),
          () -> new ContainerdExitWaiter(channel, runtime).open(ID, 7, "").exit(),
          AnswersFuzzTest::images,
          AnswersFuzzTest::snapshots);

  @FuzzTest
  void anyAnswerIsReadOrFails(byte[] input) throws Exception {
    if (input.length == 0) {
      return;
    }
    byte[] answer = Arrays.copyOfRange(input, 1, input.length);
    containerd.answerWith(method -> answer);
    Call call = CALLS.get(Byte.toUnsignedInt(input[0]) % CALLS.size());

    try {
      call.make().toCompletableFuture().get(10, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof RuntimeFailure)) {
        throw e;
      }
    } catch (TimeoutException e) {
      throw new AssertionError("a call that never ends", e);
    }
  }

  private static CompletionStage<?> events() {
    CompletableFuture<RuntimeFailure> end = new CompletableFuture<>();
    runtime.subscribe(
        "/probe",
        new EventListener() {
          @Override
          public void next(ContainerEvent event) {}

          @Override
          public void ended(RuntimeFailure why) {
            end.complete(why);
          }
        });
    return end;
  }

  private static CompletionStage<?> images() {
    try {
      new ContainerdImages(channel.grpc(), "k8s.io").list(Deadline.after(5, TimeUnit.SECONDS));
    } catch (StatusRuntimeException e) {
      // As documented.
    }
    return CompletableFuture.completedStage(null);
  }

  private static CompletionStage<?> snapshots() {
    try {
      new ContainerdSnapshots(channel.grpc(), "k8s.io").usage(Deadline.after(5, TimeUnit.SECONDS));
    } catch (StatusRuntimeException e) {
      // As documented.
    }
    return CompletableFuture.completedStage(null);
  }
}
