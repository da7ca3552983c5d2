package io.statebridge.daemon.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Timestamp;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter.Wait;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.proto.containerd.shim.WaitResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ShimExitWaiterTest {
  private static final ContainerId WEB = new ContainerId("bars", "web");
  private static final ContainerId DB = new ContainerId("bars", "db");
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05.000000006Z");

  private final Path directory;
  private final Path socket;
  private final FakeShim shim;
  private final ShimExitWaiter waiter = new ShimExitWaiter(Duration.ofSeconds(20));

  ShimExitWaiterTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    socket = directory.resolve("shim.sock");
    shim = new FakeShim(socket);
    shim.task("web", 42);
    shim.task("db", 43);
  }

  @AfterEach
  void close() throws IOException {
    waiter.close();
    shim.close();
  }

  private String bundle(ContainerId id, String file, String text) throws IOException {
    Path bundle = Files.createDirectories(directory.resolve(id.id()));
    Files.writeString(bundle.resolve(file), text);
    return bundle.toString();
  }

  private String bundle(ContainerId id) throws IOException {
    return bundle(id, "address", "unix://" + socket);
  }

  private Wait waiting(ContainerId id, long pid) throws IOException {
    Wait wait = waiter.open(id, pid, bundle(id));
    await().until(() -> shim.isWaitedFor(id.id()));
    return wait;
  }

  private static Exit exit(Wait wait) throws Exception {
    return wait.exit().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static RuntimeFailure failure(Wait wait) {
    ExecutionException failure = catchThrowableOfType(ExecutionException.class, () -> exit(wait));
    if (failure != null && failure.getCause() instanceof RuntimeFailure told) {
      return told;
    }
    throw new AssertionError("no failure of the runtime", failure);
  }

  @Test
  void anExitIsToldWithItsCodeAndTimeAndNothingElseIsAsked() throws Exception {
    try (Wait wait = waiting(WEB, 42)) {
      shim.exit("web", 137, AT);

      assertThat(exit(wait)).isEqualTo(new Exit(137, AT, ExitSource.SHIM));
    }
    assertThat(shim.calls)
        .containsExactly("containerd.task.v2.Task/State web", "containerd.task.v2.Task/Wait web");
  }

  @Test
  void aBundleThatIsNoPathFailsTheWait() {
    RuntimeFailure failure = failure(waiter.open(WEB, 42, "/run/\0"));

    assertThat(failure.kind()).isEqualTo(Kind.PERMANENT);
    assertThat(failure).hasMessageContaining("the bundle of bars/web is no path");
  }

  @Test
  void theFileOfNewerContainerdsNamesTheVersion() throws Exception {
    String bundle =
        bundle(
            WEB,
            "bootstrap.json",
            "{\"version\":3,\"extra\":{\"a\":[1]},\"address\":\"unix://"
                + socket
                + "\",\"protocol\":\"ttrpc\"}");

    try (Wait wait = waiter.open(WEB, 42, bundle)) {
      await().until(() -> shim.isWaitedFor("web"));
      shim.exit("web", 0, AT);

      assertThat(exit(wait).code()).isZero();
    }
    assertThat(shim.calls).contains("containerd.task.v3.Task/Wait web");
  }

  @Test
  void containersOfOneShimShareAConnectionAndAreAnsweredInAnyOrder() throws Exception {
    try (Wait web = waiting(WEB, 42);
        Wait db = waiting(DB, 43)) {
      assertThat(shim.connections()).isOne();

      shim.exit("db", 2, AT);
      assertThat(exit(db).code()).isEqualTo(2);
      assertThat(web.exit().toCompletableFuture()).isNotDone();
      shim.exit("web", 1, AT);

      assertThat(exit(web).code()).isEqualTo(1);
    }
    await().until(() -> waiter.connections() == 0);
  }

  @Test
  void aConnectionGoesWithTheLastWhoWaitsThere() throws Exception {
    Wait web = waiting(WEB, 42);
    Wait db = waiting(DB, 43);

    web.close();
    shim.exit("web", 1, AT);
    assertThat(waiter.connections()).isOne();
    assertThat(db.exit().toCompletableFuture()).isNotDone();
    db.close();

    await().until(() -> waiter.connections() == 0);
  }

  @Test
  void aTaskThatTheShimDoesNotKnowIsNotFound() throws Exception {
    ContainerId nobody = new ContainerId("bars", "nobody");

    assertThat(failure(waiter.open(nobody, 1, bundle(nobody))).kind()).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void anotherRunOfTheSameIdIsNotFoundAndNotWaitedFor() throws Exception {
    RuntimeFailure failure = failure(waiter.open(WEB, 41, bundle(WEB)));

    assertThat(failure.kind()).isEqualTo(Kind.NOT_FOUND);
    assertThat(failure).hasMessageContaining("process 42 and not 41");
    assertThat(shim.calls).hasSize(1);
  }

  @Test
  void anExitWithoutATimeIsNone() throws Exception {
    try (Wait wait = waiting(WEB, 42)) {
      shim.answer(
          "web",
          WaitResponse.newBuilder()
              .setExitedAt(Timestamp.newBuilder().setSeconds(-62_135_596_800L))
              .build());

      assertThat(failure(wait).kind()).isEqualTo(Kind.TRANSIENT);
    }
  }

  @Test
  void aConnectionThatIsLostIsNoExitAndTheNextQuestionMakesANewOne() throws Exception {
    try (Wait web = waiting(WEB, 42);
        Wait db = waiting(DB, 43)) {
      shim.cut();

      assertThat(failure(web).kind()).isEqualTo(Kind.TRANSIENT);
      assertThat(failure(db).kind()).isEqualTo(Kind.TRANSIENT);
    }
    await().until(() -> waiter.connections() == 0);
    try (Wait again = waiter.open(WEB, 42, bundle(WEB))) {
      await().until(() -> shim.calls.size() == 6);
      shim.exit("web", 5, AT);

      assertThat(exit(again).code()).isEqualTo(5);
    }
  }

  @Test
  void whatIsNoTtrpcEndsTheConnectionAndIsNoExit() throws Exception {
    List<byte[]> garbage = new ArrayList<>();
    // A frame that is larger than any may be, and one whose payload is no message.
    garbage.add(ByteBuffer.allocate(10).putInt((4 << 20) + 1).array());
    garbage.add(
        ByteBuffer.allocate(14).putInt(4).putInt(3).put((byte) 2).put((byte) 0).putInt(-1).array());
    for (byte[] bytes : garbage) {
      try (Wait wait = waiting(WEB, 42)) {
        shim.garble(bytes);

        assertThat(failure(wait).kind()).isEqualTo(Kind.TRANSIENT);
      }
      await().until(() -> shim.connections() == 0);
    }
  }

  @Test
  void aShimThatDoesNotAnswerIsGivenUp() throws Exception {
    shim.silent = true;
    try (ShimExitWaiter impatient = new ShimExitWaiter(Duration.ofMillis(100))) {
      RuntimeFailure failure = failure(impatient.open(WEB, 42, bundle(WEB)));

      assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT);
      assertThat(failure).hasMessageContaining("does not answer State");
    }
  }

  @Test
  void aBundleThatIsNotThereMeansNoTask() {
    String nowhere = directory.resolve("nowhere").toString();

    assertThat(failure(waiter.open(WEB, 42, nowhere)).kind()).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void aBundleThatIsNotKnownMayBeKnownLater() {
    assertThat(failure(waiter.open(WEB, 42, "")).kind()).isEqualTo(Kind.TRANSIENT);
  }

  @Test
  void aShimThatCannotBeAskedAtAllIsToldSo() throws Exception {
    String grpc = "{\"version\":3,\"address\":\"unix:///x\",\"protocol\":\"grpc\"}";
    String vsock = "{\"version\":3,\"address\":\"vsock://3:4\",\"protocol\":\"ttrpc\"}";

    for (String text : List.of(grpc, vsock)) {
      assertThat(failure(waiter.open(WEB, 42, bundle(WEB, "bootstrap.json", text))).kind())
          .isEqualTo(Kind.PERMANENT);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void aShimOfAnotherVersionThanItsFileSaysIsAskedInItsOwn(int said) throws Exception {
    shim.service = said == 3 ? "containerd.task.v2.Task" : "containerd.task.v3.Task";
    String text = "{\"version\":%d,\"address\":\"unix://%s\"}".formatted(said, socket);

    try (Wait wait = waiter.open(WEB, 42, bundle(WEB, "bootstrap.json", text))) {
      await().until(() -> shim.isWaitedFor("web"));
      shim.exit("web", 7, AT);

      assertThat(exit(wait).code()).isEqualTo(7);
    }
  }

  @Test
  void aShimThatHasNoVersionThatIsKnownIsToldSo() throws Exception {
    shim.service = "containerd.task.v9.Task";

    RuntimeFailure failure = failure(waiter.open(WEB, 42, bundle(WEB)));

    assertThat(failure.kind()).isEqualTo(Kind.PERMANENT);
    assertThat(shim.calls)
        .containsExactly("containerd.task.v2.Task/State web", "containerd.task.v3.Task/State web");
  }

  @Test
  void anAddressWithoutASchemeIsAnAbstractSocket() throws Exception {
    String name = "/statebridge-test/" + directory.getFileName();
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("t"), EpollIoHandler.newFactory());
    AtomicBoolean connected = new AtomicBoolean();
    try (ShimExitWaiter impatient = new ShimExitWaiter(Duration.ofMillis(200))) {
      new ServerBootstrap()
          .group(group)
          .channel(EpollServerDomainSocketChannel.class)
          .childHandler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  connected.set(true);
                }
              })
          .bind(new DomainSocketAddress("\0" + name))
          .sync();

      Wait wait = impatient.open(WEB, 42, bundle(WEB, "address", name));

      assertThat(failure(wait)).hasMessageContaining("does not answer State");
      assertThat(connected).isTrue();
    } finally {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  @Test
  void whateverTheFilesHoldWhoeverWaitsIsToldSo() throws Exception {
    String huge = "unix://" + "x".repeat(70_000);
    for (String text : List.of("unix://\0\0", huge, "unix://" + "y".repeat(200), "\u0000")) {
      assertThat(failure(waiter.open(WEB, 42, bundle(WEB, "address", text))).kind())
          .isEqualTo(Kind.TRANSIENT);
    }
    Files.delete(directory.resolve("web").resolve("address"));
    Files.createDirectory(directory.resolve("web").resolve("address"));
    assertThat(failure(waiter.open(WEB, 42, directory.resolve("web").toString())))
        .hasMessageContaining("no regular file");
  }

  @Test
  void anAddressThatCannotBeReadMayBeReadableLater() throws Exception {
    String empty = Files.createDirectories(directory.resolve("web")).toString();
    assertThat(failure(waiter.open(WEB, 42, empty))).hasMessageContaining("neither");

    for (String text : List.of("", "{", "[]", "{\"version\":3}")) {
      assertThat(failure(waiter.open(WEB, 42, bundle(WEB, "bootstrap.json", text))).kind())
          .isEqualTo(Kind.TRANSIENT);
    }
  }

  @Test
  void aSocketThatNobodyListensOnMayBeListenedOnLater() throws Exception {
    String bundle = bundle(WEB, "address", "unix://" + directory.resolve("gone.sock"));

    RuntimeFailure failure = failure(waiter.open(WEB, 42, bundle));

    assertThat(failure.kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(failure).hasMessageContaining("gone.sock");
    await().until(() -> waiter.connections() == 0);
  }

  @Test
  void onceItIsClosedNothingIsAsked() throws Exception {
    waiter.close();

    assertThat(failure(waiter.open(WEB, 42, bundle(WEB))).kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(shim.calls).isEmpty();
  }
}
