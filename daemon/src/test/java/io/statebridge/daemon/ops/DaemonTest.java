package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.statebridge.daemon.rpc.ListenException;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.RuntimeStatus.Phase;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the parts are put together: what each of them does is tested beside it. */
final class DaemonTest {
  private final Config config;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ManagedChannel channel;

  DaemonTest(@TempDir Path directory) {
    config =
        Config.DEFAULTS
            .withContainerdSocket(directory.resolve("c.sock"))
            .withListen(directory.resolve("s.sock"))
            .withStateDir(directory.resolve("state"));
    channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(config.listen().toString()))
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .eventLoopGroup(eventLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
    eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private StatebridgeGrpc.StatebridgeBlockingStub call() {
    return StatebridgeGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private GetBridgeStatusResponse status() {
    return call().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance());
  }

  private ListContainersResponse list() {
    return call().listContainers(ListContainersRequest.getDefaultInstance());
  }

  @Test
  void theDaemonServesBeforeContainerdIsThereAndFollowsItOnceItIs() throws Exception {
    try (Daemon daemon = Daemon.start(config, "1.2.3")) {
      await().until(() -> !status().getRuntime().getLastError().isEmpty());
      GetBridgeStatusResponse before = status();

      try (SimulatedContainerd containerd = SimulatedContainerd.start(config.containerdSocket())) {
        containerd.run("default", "web");
        await().until(() -> status().getRuntime().getPhase() == Phase.LIVE);

        assertThat(list().getContainersList()).extracting(Container::getId).containsExactly("web");
        assertThat(list().getSync().getInSync()).isTrue();
        assertThat(list().getSync().hasLastInSyncAt()).isTrue();
        assertThat(status().getRuntime().getRuntimeVersion())
            .isEqualTo(SimulatedContainerd.VERSION);
      }

      assertThat(before.getVersion()).isEqualTo("1.2.3");
      assertThat(before.getSync().getInSync()).isFalse();
      assertThat(before.getSync().hasLastInSyncAt()).isFalse();
      assertThat(before.getRuntime().getAddress()).isEqualTo(config.containerdSocket().toString());
      assertThat(before.getRuntime().getLastError()).contains("UNAVAILABLE");
      assertThat(daemon).isNotNull();
    }
  }

  @Test
  void whatWasKnownIsServedWhileContainerdIsAway() throws Exception {
    try (SimulatedContainerd containerd = SimulatedContainerd.start(config.containerdSocket());
        Daemon daemon = Daemon.start(config, "1.2.3")) {
      containerd.run("default", "web");
      await().until(() -> list().getSync().getInSync() && list().getContainersCount() == 1);

      containerd.stop();
      await().until(() -> !list().getSync().getInSync());

      assertThat(list().getContainersList()).extracting(Container::getId).containsExactly("web");
      assertThat(list().getSync().hasLastInSyncAt()).isTrue();
      assertThat(daemon).isNotNull();
    }
  }

  @Test
  void eachStartHasAnEpochOfItsOwn() throws Exception {
    Daemon first = Daemon.start(config, "1.2.3");
    String epoch = status().getEpoch();
    first.close();

    try (Daemon second = Daemon.start(config, "1.2.3")) {
      await().ignoreExceptions().until(() -> !status().getEpoch().equals(epoch));
      assertThat(second).isNotNull();
    }
  }

  @Test
  void aSocketThatCannotBeListenedOnIsTold() throws IOException {
    Files.createFile(config.listen());

    assertThatExceptionOfType(ListenException.class)
        .isThrownBy(() -> Daemon.start(config, "1.2.3").close())
        .withMessageContaining("is no socket");
  }
}
