package io.statebridge.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerUsage;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.Run;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.daemon.RawBytes;
import io.statebridge.daemon.cri.CriServices;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Whatever a client sends as a request, it is answered, or told what is wrong with it. The first
 * byte chooses the method.
 */
final class RequestsFuzzTest {

  private static final List<MethodDescriptor<?, ?>> METHODS =
      Stream.of(
              StatebridgeGrpc.getServiceDescriptor(),
              RuntimeServiceGrpc.getServiceDescriptor(),
              ImageServiceGrpc.getServiceDescriptor())
          .<MethodDescriptor<?, ?>>flatMap(service -> service.getMethods().stream())
          .toList();

  private static final Logger GRPC = Logger.getLogger("io.grpc");
  private static final Queue<Throwable> traces = new ConcurrentLinkedQueue<>();

  @TempDir private static Path dir;
  private static @Nullable UnixChannel client;

  @BeforeAll
  static void serve() throws IOException {
    ContainerStore store = new ContainerStore("e1", 16);
    ContainerRecord running =
        container("default", "web", Map.of("app", "web")).withRun(new Run.Created(7, null));
    store.create(running);
    store.create(container("k8s.io", "pod", Map.of("io.cri-containerd.kind", "sandbox")));
    store.create(container("k8s.io", "db", Map.of("io.cri-containerd.kind", "container")));
    store.create(
        container("k8s.io", "done", Map.of("io.cri-containerd.kind", "container"))
            .withRun(new Run.Ended(9, null, new Exit(1, Api.SINCE, ExitSource.EVENT), false)));
    Path socket = dir.resolve("s.sock");
    Api.serve(
        ListenSocket.claim(socket),
        store,
        new CriServices.Settings(
            Set.of("k8s.io"),
            true,
            InProcessChannelBuilder.forName("nobody").directExecutor().build(),
            "/run/c.sock",
            id -> CompletableFuture.failedStage(new RuntimeFailure(Kind.TRANSIENT, "away")),
            new NoUsage()));
    client = new UnixChannel(socket);
    collectTraces();
  }

  private static ContainerRecord container(
      String namespace, String id, Map<String, String> labels) {
    return ContainerRecord.of(
        new ContainerInfo(new ContainerId(namespace, id), "busybox", "", labels, "", Api.SINCE));
  }

  private static void collectTraces() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    AppenderBase<ILoggingEvent> logback =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (event.getThrowableProxy() != null) {
              traces.add(new AssertionError(event.getFormattedMessage()));
            }
          }
        };
    logback.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(logback);
    GRPC.addHandler(
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            if (line.getThrown() != null) {
              traces.add(line.getThrown());
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        });
  }

  @FuzzTest
  void anyRequestIsAnswered(byte[] input) throws Exception {
    if (input.length == 0) {
      return;
    }
    MethodDescriptor<?, ?> method = METHODS.get(Byte.toUnsignedInt(input[0]) % METHODS.size());

    Status status = call(method, Arrays.copyOfRange(input, 1, input.length));

    if (!isOfContainerThatDoesNotRun(status)) {
      assertThat(status.getCode())
          .as("%s: %s", method.getFullMethodName(), status)
          .isNotIn(Code.UNKNOWN, Code.INTERNAL);
    }
    Throwable trace = traces.poll();
    if (trace != null) {
      throw new AssertionError("a stack trace in the log", trace);
    }
  }

  /** Its stats, which containerd's plugin refuses in the same way. */
  private static boolean isOfContainerThatDoesNotRun(Status status) {
    return String.valueOf(status.getDescription()).endsWith("there is nothing to measure");
  }

  /** Until the call has ended, or, where it stays open, until it has begun. */
  private static Status call(MethodDescriptor<?, ?> method, byte[] request) throws Exception {
    if (client == null) {
      throw new IllegalStateException("there is no server");
    }
    boolean staysOpen = method.getType() != MethodType.UNARY;
    CallOptions options = CallOptions.DEFAULT.withExecutor(MoreExecutors.directExecutor());
    if ("WaitContainer".equals(method.getBareMethodName())) {
      // It may have to wait.
      options = options.withDeadlineAfter(50, TimeUnit.MILLISECONDS);
    }
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<byte[], byte[]> call =
        client
            .grpc()
            .newCall(
                MethodDescriptor.newBuilder(RawBytes.MARSHALLER, RawBytes.MARSHALLER)
                    .setType(method.getType())
                    .setFullMethodName(method.getFullMethodName())
                    .build(),
                options);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata headers) {
            if (staysOpen) {
              end.complete(Status.OK);
            }
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
    try {
      return end.get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(method.getFullMethodName() + " is stuck", e);
    } finally {
      call.cancel("enough", null);
    }
  }

  private static final class NoUsage implements ContainerUsage {
    @Override
    public CompletionStage<TaskUsage> task(ContainerId id) {
      return CompletableFuture.failedStage(new RuntimeFailure(Kind.NOT_FOUND, "no task"));
    }

    @Override
    public CompletionStage<LayerUsage> writableLayer(ContainerId id) {
      return CompletableFuture.failedStage(new RuntimeFailure(Kind.NOT_FOUND, "no layer"));
    }
  }
}
