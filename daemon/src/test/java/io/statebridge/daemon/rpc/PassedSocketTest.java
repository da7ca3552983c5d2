package io.statebridge.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.util.concurrent.ListenableFuture;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.store.ContainerStore;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PassedSocketTest {
  private static final long PID = 4711;

  private final Path path;

  PassedSocketTest(@TempDir Path directory) {
    this.path = directory.resolve("s.sock");
  }

  @Test
  void whoConnectsWhileNobodyServesWaitsForTheNextServer() throws Exception {
    Socket passed = Socket.newSocketDomain();
    UnixChannel client = new UnixChannel(path);
    try {
      passed.bind(new DomainSocketAddress(path.toString()));
      passed.listen(16);

      serve(passed).close();
      assertThat(path).exists();
      ListenableFuture<GetBridgeStatusResponse> waiting =
          StatebridgeGrpc.newFutureStub(client.grpc())
              .getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance());

      try (ApiServer second = serve(passed)) {
        assertThat(waiting.get(10, TimeUnit.SECONDS).getEpoch()).isEqualTo("e1");
        assertThat(second).isNotNull();
      }
    } finally {
      client.close();
      passed.close();
    }
  }

  /** Of a descriptor of its own, as another process would have it. */
  private static ApiServer serve(Socket passed) throws Exception {
    return Api.serve(new PassedSocket(duplicate(passed)), new ContainerStore("e1", 16));
  }

  @SuppressWarnings("restricted")
  private static int duplicate(Socket socket) {
    Linker linker = Linker.nativeLinker();
    MethodHandle dup =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("dup"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      return (int) dup.invokeExact(socket.intValue());
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void systemdSaysWhetherItPassesOne() throws Exception {
    assertThat(PassedSocket.from(Map.of("LISTEN_PID", "4711", "LISTEN_FDS", "1"), PID))
        .contains(new PassedSocket(3));
    assertThat(PassedSocket.from(Map.of("LISTEN_PID", "4711", "LISTEN_FDS", "0"), PID)).isEmpty();
    assertThat(PassedSocket.from(Map.of("LISTEN_PID", "4711"), PID)).isEmpty();
    assertThat(PassedSocket.from(Map.of(), PID)).isEmpty();
  }

  @Test
  void whatWasPassedToAnotherProcessIsNotForUs() throws Exception {
    assertThat(PassedSocket.from(Map.of("LISTEN_PID", "4712", "LISTEN_FDS", "1"), PID)).isEmpty();
  }

  @Test
  void moreThanOneIsRefused() {
    assertThatExceptionOfType(ListenException.class)
        .isThrownBy(() -> PassedSocket.from(Map.of("LISTEN_PID", "4711", "LISTEN_FDS", "2"), PID))
        .withMessageContaining("passes 2 sockets")
        .withMessageContaining("leave one ListenStream=");
  }
}
