package io.statebridge.daemon.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.statebridge.daemon.RawBytes;
import io.statebridge.daemon.clients.ClientLimits.Bounds;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What containerd answers to a call that a client's call makes. */
final class CallHoldTest {
  private static final int ANSWER = 3 << 20;

  private static final MethodDescriptor<byte[], byte[]> METHOD =
      MethodDescriptor.newBuilder(RawBytes.MARSHALLER, RawBytes.MARSHALLER)
          .setType(MethodType.UNARY)
          .setFullMethodName("containerd/Images")
          .build();

  private final Server containerd =
      NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
          .addService(
              ServerServiceDefinition.builder("containerd")
                  .addMethod(
                      METHOD,
                      ServerCalls.asyncUnaryCall(
                          (request, out) -> {
                            out.onNext(new byte[ANSWER]);
                            out.onCompleted();
                          }))
                  .build())
          .build();
  private final ManagedChannel channel;
  private final List<String> refused = new ArrayList<>();

  CallHoldTest() throws IOException {
    containerd.start();
    channel =
        NettyChannelBuilder.forAddress(containerd.getListenSockets().getFirst())
            .usePlaintext()
            .build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    containerd.shutdownNow();
  }

  private byte[] askWithin(long bound) throws Exception {
    Bounds bounds = new Bounds(9, 9, bound);
    Clients clients = new Clients(new ClientLimits(bounds, bounds, bounds), () -> 0);
    CallHold hold = new CallHold(clients);
    Clients.Connection connection = clients.connected(0, "test", why -> {});
    assertThat(
            hold.open(
                connection,
                why -> {
                  refused.add(why);
                  hold.refused();
                }))
        .isEmpty();
    Channel counting = CallHold.counting(channel);
    byte[] answer =
        hold.in(Context.ROOT)
            .call(
                () ->
                    ClientCalls.blockingUnaryCall(
                        counting, METHOD, CallOptions.DEFAULT, new byte[1]));
    assertThat(clients.awaitRoom(connection, () -> false)).as("it is passed on").isEmpty();
    return answer;
  }

  @Test
  void anAnswerCountsUntilItIsPassedOn() throws Exception {
    assertThat(askWithin(ANSWER)).hasSize(ANSWER);
    assertThat(refused).isEmpty();
  }

  @Test
  void aCallToContainerdIsGivenUpWhenThereIsNoRoomForItsAnswer() {
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> askWithin(ANSWER / 16));

    assertThat(failure.getStatus().getCode()).isEqualTo(Code.CANCELLED);
    assertThat(refused).isNotEmpty();
  }

  @Test
  void withoutACallNothingIsCounted() {
    byte[] answer =
        ClientCalls.blockingUnaryCall(
            CallHold.counting(channel), METHOD, CallOptions.DEFAULT, new byte[1]);

    assertThat(answer).hasSize(ANSWER);
  }
}
