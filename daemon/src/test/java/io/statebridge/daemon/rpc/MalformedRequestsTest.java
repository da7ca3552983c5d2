package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status.Code;
import io.grpc.stub.ClientCalls;
import io.statebridge.daemon.RawBytes;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

final class MalformedRequestsTest {
  /** The first field as a string, or a message, of which these are no bytes. */
  private static final byte[] NO_UTF_8 = {0x0a, 2, (byte) 0xff, (byte) 0xfe};

  private static final byte[] CUT_OFF = {0x0a, 100, 'w', 'e', 'b'};

  private final Api api;
  private final Logger logger = (Logger) LoggerFactory.getLogger(MalformedRequests.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final java.util.logging.Logger grpc = java.util.logging.Logger.getLogger("io.grpc");
  private final List<LogRecord> grpcLog = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          grpcLog.add(record);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  MalformedRequestsTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory);
  }

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
    grpc.addHandler(handler);
  }

  @AfterEach
  void stop() {
    api.close();
    logger.detachAppender(log);
    grpc.removeHandler(handler);
  }

  private static void call(ManagedChannel channel, String method, byte[] request) {
    MethodDescriptor<byte[], byte[]> descriptor =
        MethodDescriptor.newBuilder(RawBytes.MARSHALLER, RawBytes.MARSHALLER)
            .setType(MethodType.UNARY)
            .setFullMethodName(method)
            .build();
    ClientCalls.blockingUnaryCall(
        channel, descriptor, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), request);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "statebridge.v1.Statebridge/GetContainer",
        "statebridge.v1.Statebridge/WatchContainers",
        "statebridge.v1.Statebridge/WaitContainer",
        "runtime.v1.RuntimeService/ContainerStatus",
        "runtime.v1.RuntimeService/StreamContainers",
        "runtime.v1.ImageService/ImageStatus",
        "grpc.health.v1.Health/Check",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
      })
  void aRequestThatCannotBeParsedIsAnInvalidArgumentAndOneLineInTheLog(String method) {
    ManagedChannel channel = api.connect();

    for (byte[] request : List.of(NO_UTF_8, CUT_OFF)) {
      assertFails(
          Code.INVALID_ARGUMENT,
          "the request cannot be parsed: ",
          () -> call(channel, method, request));
    }

    assertThat(log.list)
        .hasSize(2)
        .allSatisfy(
            line -> {
              assertThat(line.getFormattedMessage())
                  .startsWith(method + ": refusing")
                  .hasLineCount(1);
              assertThat(line.getThrowableProxy()).isNull();
            });
  }

  @Test
  void aConnectionGoesOnAfterAMalformedRequestAndGrpcLogsNothing() {
    ManagedChannel channel = api.connect();

    assertFails(
        Code.INVALID_ARGUMENT,
        "UTF-8",
        () -> call(channel, "statebridge.v1.Statebridge/GetContainer", NO_UTF_8));

    assertThat(api.call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance()).getVersion())
        .isEqualTo(Api.VERSION);
    api.close();
    assertThat(grpcLog).isEmpty();
  }
}
