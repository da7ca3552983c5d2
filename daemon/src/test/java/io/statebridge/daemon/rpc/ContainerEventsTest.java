package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.created;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The CRI's container events as subscribers of the served socket have them. */
@Timeout(60)
final class ContainerEventsTest {
  private static final int LOG_CAPACITY = 64;
  private static final int COMMITS = 300;
  private static final ContainerId WEB = new ContainerId(ContainerRuntime.CRI_NAMESPACE, "web");

  /** So large that what the transport holds for a stream is a small part of all of it. */
  private static final Map<String, String> LABELS = Map.of("large", "x".repeat(64 << 10));

  private final Api api;

  ContainerEventsTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory, LOG_CAPACITY);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  /** One subscription, whose headers are not its first event. */
  private static final class Subscriber extends ClientCall.Listener<ContainerEventResponse> {
    private static final long PATIENCE_SECONDS = 10;

    private final ClientCall<GetEventsRequest, ContainerEventResponse> call;
    private final CompletableFuture<Metadata> headers = new CompletableFuture<>();
    private final BlockingQueue<ContainerEventResponse> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();

    Subscriber(Channel channel) {
      call = channel.newCall(RuntimeServiceGrpc.getGetContainerEventsMethod(), CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.sendMessage(GetEventsRequest.getDefaultInstance());
      call.halfClose();
    }

    @Override
    public void onHeaders(Metadata received) {
      headers.complete(received);
    }

    @Override
    public void onMessage(ContainerEventResponse event) {
      events.add(event);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }

    Subscriber awaitSubscribed() throws Exception {
      headers.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      return this;
    }

    Subscriber read(int more) {
      call.request(more);
      return this;
    }

    ContainerEventResponse next() throws InterruptedException {
      return Objects.requireNonNull(events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    List<ContainerEventResponse> rest() {
      return List.copyOf(events);
    }

    Status end() throws Exception {
      return end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  private Subscriber subscribe() throws Exception {
    return new Subscriber(api.connect()).awaitSubscribed();
  }

  private static ContainerRecord web() {
    return created(WEB, LABELS, "");
  }

  @Test
  void aSubscriberKnowsThatItIsOneBeforeTheFirstEvent() throws Exception {
    Subscriber subscriber = subscribe().read(1);
    assertThat(subscriber.rest()).isEmpty();

    api.store.create(web());

    ContainerEventResponse event = subscriber.next();
    assertThat(event.getContainerId()).isEqualTo("web");
    assertThat(event.getContainerEventType()).isEqualTo(ContainerEventType.CONTAINER_CREATED_EVENT);
  }

  @Test
  void goingDownEndsTheStreamWithASentence() throws Exception {
    Subscriber subscriber = subscribe().read(1);

    api.stopServing();

    assertThat(subscriber.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(subscriber.end().getDescription()).contains("shutting down");
  }

  @Test
  void aSubscriberThatDoesNotReadBlocksNobodyAndIsToldThatItFellBehind() throws Exception {
    Subscriber slow = subscribe();
    Subscriber quick = subscribe().read(Integer.MAX_VALUE);
    for (int i = 0; i < COMMITS / 2; i++) {
      api.store.create(web());
      assertThat(type(quick.next())).isEqualTo(ContainerEventType.CONTAINER_CREATED_EVENT);
      api.store.delete(WEB);
      assertThat(type(quick.next())).isEqualTo(ContainerEventType.CONTAINER_DELETED_EVENT);
    }

    slow.read(Integer.MAX_VALUE);

    assertThat(slow.end().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(slow.end().getDescription()).contains("read too slowly");
    List<ContainerEventResponse> seen = slow.rest();
    assertThat(seen.size()).isLessThan(COMMITS - LOG_CAPACITY);
    for (int i = 0; i < seen.size(); i++) {
      assertThat(type(seen.get(i)))
          .isEqualTo(
              i % 2 == 0
                  ? ContainerEventType.CONTAINER_CREATED_EVENT
                  : ContainerEventType.CONTAINER_DELETED_EVENT);
    }
  }

  private static ContainerEventType type(ContainerEventResponse event) {
    return event.getContainerEventType();
  }
}
