package io.statebridge.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import io.grpc.Status;
import io.statebridge.proto.containerd.events.v1.PublishRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EventBrokerTest {
  private final SimulatedContainerd containerd;
  private final EventBroker events;
  private final Client client;

  EventBrokerTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    events = containerd.events();
    client = new Client(containerd.socket());
  }

  @AfterEach
  void stop() {
    client.close();
    containerd.close();
  }

  private Subscription subscribe(String... filters) {
    int before = events.subscribers();
    Subscription subscription = client.subscribe(filters);
    await().until(() -> events.subscribers() == before + 1);
    return subscription;
  }

  private void publish(String... topics) {
    for (String topic : topics) {
      containerd.publish("default", topic, Any.getDefaultInstance());
    }
  }

  @Test
  void everySubscriberGetsEveryEventInOrder() throws Exception {
    Subscription one = subscribe();
    Subscription other = subscribe();

    publish("a", "b", "c");

    assertThat(one.topicsUntil("c")).containsExactly("a", "b", "c");
    assertThat(other.topicsUntil("c")).containsExactly("a", "b", "c");
  }

  @Test
  void whatWasPublishedBeforeASubscriptionIsNotReplayed() throws Exception {
    publish("early");
    Subscription subscription = subscribe();

    publish("late");

    assertThat(subscription.topicsUntil("late")).containsExactly("late");
  }

  @Test
  void aSubscriberGetsOnlyWhatPassesItsFilters() throws Exception {
    Subscription subscription = subscribe("topic==b", "topic==c");

    publish("a", "b", "c");

    assertThat(subscription.topicsUntil("c")).containsExactly("b", "c");
  }

  @Test
  void aFilterThatCannotBeParsedEndsTheCall() throws Exception {
    Subscription subscription = client.subscribe("nonsense");

    assertThat(subscription.end().getCode()).isEqualTo(Status.Code.UNKNOWN);
    assertThat(events.subscribers()).isZero();
  }

  @Test
  void anEventCarriesItsNamespaceItsTimeAndABareTypeName() throws Exception {
    Subscription subscription = subscribe();
    containerd.createContainer("k8s.io", "web", Map.of());

    var event = subscription.next();

    assertThat(event.getTopic()).isEqualTo("/containers/create");
    assertThat(event.getNamespace()).isEqualTo("k8s.io");
    assertThat(event.getTimestamp().getSeconds()).isPositive();
    assertThat(event.getEvent().getTypeUrl()).isEqualTo("containerd.events.ContainerCreate");
  }

  @Test
  void clientsCanPublish() throws Exception {
    Subscription subscription = subscribe();
    Any payload = Any.newBuilder().setTypeUrl("google.protobuf.Empty").build();

    client
        .events("mine")
        .publish(PublishRequest.newBuilder().setTopic("/probe").setEvent(payload).build());

    var event = subscription.next();
    assertThat(event.getTopic()).isEqualTo("/probe");
    assertThat(event.getNamespace()).isEqualTo("mine");
    assertThat(event.getEvent()).isEqualTo(payload);
  }

  @Test
  void droppedEventsNeverComeAndTheOnesAfterThemDo() throws Exception {
    Subscription subscription = subscribe();
    events.dropNext("a", 2);

    publish("a", "b", "a", "a", "end");

    assertThat(subscription.topicsUntil("end")).containsExactly("b", "a", "end");
  }

  @Test
  void duplicatedEventsComeTwiceInARow() throws Exception {
    Subscription subscription = subscribe();
    events.duplicateNext("a", 1);

    publish("a", "b", "a", "end");

    assertThat(subscription.topicsUntil("end")).containsExactly("a", "a", "b", "a", "end");
  }

  @Test
  void heldEventsComeTheLastFirstAndLaterOnesInOrder() throws Exception {
    Subscription subscription = subscribe();
    publish("before");
    events.hold();
    publish("a", "b", "c");

    events.releaseReversed();
    publish("d", "end");

    assertThat(subscription.topicsUntil("end"))
        .containsExactly("before", "c", "b", "a", "d", "end");
  }

  @Test
  void aMutedStreamStaysOpenAndLosesWhatHappensMeanwhile() throws Exception {
    Subscription subscription = subscribe();
    events.mute(true);
    publish("lost");

    events.mute(false);
    publish("end");

    assertThat(subscription.topicsUntil("end")).containsExactly("end");
    assertThat(subscription.isOpen()).isTrue();
  }

  @Test
  void streamsThatAreCutFailAndContainerdStillServes() throws Exception {
    Subscription one = subscribe();
    Subscription other = subscribe();

    events.cutStreams();

    assertThat(one.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(other.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(events.subscribers()).isZero();
    Subscription again = subscribe();
    publish("end");
    assertThat(again.topicsUntil("end")).containsExactly("end");
  }

  @Test
  void streamsCanEndWithoutAnError() throws Exception {
    Subscription subscription = subscribe();

    events.endStreamsCleanly();

    assertThat(subscription.end()).isEqualTo(Status.OK);
    assertThat(events.subscribers()).isZero();
  }

  @Test
  void aSubscriberThatLeavesIsForgotten() {
    Subscription subscription = subscribe();

    subscription.cancel();

    await().until(() -> events.subscribers() == 0);
  }
}
