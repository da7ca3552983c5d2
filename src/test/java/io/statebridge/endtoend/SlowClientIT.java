package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A daemon with little memory, and clients that would have more than all of it. */
@Timeout(120)
final class SlowClientIT {
  private static final String NS = "bars";

  /** An answer of 5 MB. */
  private static final int CONTAINERS = 500;

  private static final Map<String, String> LABELS = Map.of("large", "x".repeat(10_000));

  /** Of them the daemon's memory would hold less than half. */
  private static final int CALLS = 60;

  private final Scratch scratch = Scratch.create();
  private final SimulatedContainerd containerd;
  private final StatebridgeProcess statebridge;

  SlowClientIT() throws IOException {
    containerd = SimulatedContainerd.start(scratch.resolve("containerd.sock"));
    statebridge =
        new StatebridgeProcess(containerd.socket(), "--namespace", NS + ":never")
            .withJavaOptions("-Xmx128m");
  }

  @BeforeEach
  void start() {
    for (int i = 0; i < CONTAINERS; i++) {
      containerd.createContainer(NS, "c" + i, LABELS);
    }
    statebridge.start();
    statebridge.awaitInSync();
  }

  @AfterEach
  void end() {
    try (scratch;
        containerd;
        statebridge) {
      // The daemon first.
    }
  }

  private static CompletableFuture<Status> unreadList(UnixChannel channel) {
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<ListContainersRequest, ListContainersResponse> call =
        channel.grpc().newCall(StatebridgeGrpc.getListContainersMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.sendMessage(ListContainersRequest.getDefaultInstance());
    call.halfClose();
    return end;
  }

  private int list() {
    return statebridge
        .client()
        .withMaxInboundMessageSize(16 << 20)
        .listContainers(ListContainersRequest.getDefaultInstance())
        .getContainersCount();
  }

  @Test
  void anAnswerThatIsNotReadIsTheSlowClientsTroubleAlone() {
    List<CompletableFuture<Status>> calls = new ArrayList<>();
    try (UnixChannel slow = UnixChannel.to(statebridge.socket(), 64 << 10)) {
      for (int i = 0; i < CALLS; i++) {
        calls.add(unreadList(slow));
      }

      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                assertThat(list()).isEqualTo(CONTAINERS);
                return calls.stream().filter(CompletableFuture::isDone).count() >= CALLS / 2;
              });

      assertThat(calls.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
          .allSatisfy(s -> assertThat(s.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
      assertThat(list()).isEqualTo(CONTAINERS);
    }
    assertThat(list()).isEqualTo(CONTAINERS);
  }
}
