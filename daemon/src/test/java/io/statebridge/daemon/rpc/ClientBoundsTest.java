package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Rejections.assertFails;
import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.statebridge.daemon.clients.ClientLimits;
import io.statebridge.daemon.clients.ClientLimits.Bounds;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that take more than they may, and all the others. */
@Timeout(60)
final class ClientBoundsTest {
  private static final long KIB = 1 << 10;

  private static final ClientLimits LIMITS =
      new ClientLimits(
          new Bounds(4, 1000, 1500 * KIB),
          new Bounds(4, 1000, 1500 * KIB),
          new Bounds(1, 200, 500 * KIB));

  /** 300 KiB together: of such answers a connection may hold two. */
  private static final int CONTAINERS = 30;

  private static final Map<String, String> LABELS = Map.of("large", "x".repeat(10 << 10));

  private static final int WINDOW = 64 << 10;

  private static final ListContainersRequest ALL = ListContainersRequest.getDefaultInstance();

  private final Api api;

  ClientBoundsTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory, LIMITS);
    for (int i = 0; i < CONTAINERS; i++) {
      api.store.create(created(id("c" + i), LABELS, ""));
    }
  }

  @AfterEach
  void stop() {
    api.close();
  }

  /** A list whose answer is not read. */
  private static CompletableFuture<Status> unreadList(Channel channel) {
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<ListContainersRequest, ListContainersResponse> call =
        channel.newCall(StatebridgeGrpc.getListContainersMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.sendMessage(ALL);
    call.halfClose();
    return end;
  }

  private int list(Channel channel) {
    return StatebridgeGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .listContainers(ALL)
        .getContainersCount();
  }

  private static List<CompletableFuture<Status>> unreadLists(Channel channel, int count) {
    return Stream.generate(() -> unreadList(channel)).limit(count).toList();
  }

  private static List<Status> ended(List<CompletableFuture<Status>> calls) {
    return calls.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join).toList();
  }

  @Test
  void aClientThatDoesNotReadIsRefusedAndOthersAreAnswered() {
    List<CompletableFuture<Status>> calls = unreadLists(api.connect(WINDOW), 60);
    Channel other = api.connect();

    await()
        .until(
            () -> {
              assertThat(list(other)).isEqualTo(CONTAINERS);

              return ended(calls).size() >= 55;
            });

    assertThat(ended(calls))
        .allSatisfy(
            status -> {
              assertThat(status.getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
              assertThat(status.getDescription())
                  .startsWith("a connection may have 0.5 MiB of unread answers");
            });
    assertThat(list(other)).isEqualTo(CONTAINERS);
  }

  @Test
  void slowClientsMakeRoomForTheOthersOfTheirUser() {
    List<CompletableFuture<Status>> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      calls.addAll(unreadLists(api.connect(WINDOW), 5));
    }
    Channel other = api.connect();

    await()
        .until(
            () -> {
              assertThat(list(other)).isEqualTo(CONTAINERS);

              return ended(calls).size() >= 5;
            });

    assertThat(ended(calls))
        .anySatisfy(
            status -> {
              assertThat(status.getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
              assertThat(status.getDescription()).contains("its answers are not read");
            });
  }

  @Test
  void aClientThatAsksMuchAtOnceAndReadsGetsAllOfIt() throws Exception {
    StatebridgeGrpc.StatebridgeFutureStub stub = StatebridgeGrpc.newFutureStub(api.connect());
    List<ListenableFuture<ListContainersResponse>> lists =
        Stream.generate(() -> stub.listContainers(ALL)).limit(60).toList();

    for (ListenableFuture<ListContainersResponse> list : lists) {
      assertThat(list.get(20, TimeUnit.SECONDS).getContainersCount()).isEqualTo(CONTAINERS);
    }
  }

  @Test
  void whatStalledWatchesHoldCountsUntilItIsRead() throws Exception {
    Channel channel = api.connect(WINDOW);
    List<Watcher> watchers =
        Stream.generate(() -> Watcher.open(channel, WatchContainersRequest.getDefaultInstance(), 1))
            .limit(100)
            .toList();

    await()
        .untilAsserted(() -> assertFails(Code.RESOURCE_EXHAUSTED, "unread", () -> list(channel)));
    watchers.forEach(watcher -> watcher.read(Integer.MAX_VALUE));

    await().ignoreExceptions().until(() -> list(channel) == CONTAINERS);
    for (Watcher watcher : watchers) {
      if (!watcher.hasEnded()) {
        assertThat(watcher.next(CONTAINERS + 1)).hasSize(CONTAINERS + 1);
      }
    }
  }

  @Test
  void requestsCountUntilTheirCallsEnd() throws Exception {
    Channel channel = api.connect();
    WatchContainersRequest large =
        WatchContainersRequest.newBuilder()
            .setFilter(
                ContainerFilter.newBuilder().addAllIds(Collections.nCopies(1000, "x".repeat(192))))
            .build();
    List<Watcher> watchers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Watcher watcher = Watcher.open(channel, large);
      watcher.next(1);
      watchers.add(watcher);
    }

    Watcher refused = Watcher.open(channel, large);
    assertThat(refused.end().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(refused.end().getDescription()).contains("unfinished requests");
    watchers.getFirst().cancel();
    await()
        .untilAsserted(
            () -> {
              Watcher next = Watcher.open(channel, large);
              assertThat(next.next().getType()).isEqualTo(WatchContainersResponse.Type.SYNCED);
            });
  }

  @Test
  void aConnectionBeyondTheBoundIsClosedAndSaysWhy() {
    for (int i = 0; i < 4; i++) {
      list(api.connect());
    }

    assertThatThrownBy(() -> list(api.connect()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e ->
                assertThat(e).hasMessageContaining("root may have 4 connections open: close some"));
  }

  @Test
  void aLongConversationCountsOnlyWhatIsUnderWay() throws Exception {
    Channel channel = api.connect();
    BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable failure) {}

                  @Override
                  public void onCompleted() {}
                });
    for (int i = 0; i < 10; i++) {
      requests.onNext(
          ServerReflectionRequest.newBuilder().setFileByFilename("x".repeat(100 << 10)).build());
      assertThat(answers.poll(10, TimeUnit.SECONDS)).isNotNull();
    }
    requests.onCompleted();
  }
}
