package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.ContainerCreated;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.Probe;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime.EventListener;
import io.statebridge.api.ContainerRuntime.EventStream;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GrpcEventStreamTest {
  private static final String PROBE = "/statebridge/probe/1";

  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final GrpcContainerRuntime runtime;

  GrpcEventStreamTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    runtime = new GrpcContainerRuntime(channel);
  }

  @AfterEach
  void stop() {
    channel.close();
    containerd.close();
  }

  /** Keeps what comes, and says that it has dealt with it only if it is told to. */
  private static final class Listener implements EventListener {
    private final List<ContainerEvent> events = new CopyOnWriteArrayList<>();
    private final List<RuntimeFailure> ends = new CopyOnWriteArrayList<>();

    @Override
    public void next(ContainerEvent event) {
      events.add(event);
    }

    @Override
    public void ended(RuntimeFailure why) {
      ends.add(why);
    }
  }

  private EventStream subscribe(Listener listener) {
    int before = containerd.events().subscribers();
    EventStream stream = runtime.subscribe(PROBE, listener);
    await().until(() -> containerd.events().subscribers() == before + 1);
    return stream;
  }

  private void publishOutOfMemory(int times) {
    for (int i = 0; i < times; i++) {
      containerd.outOfMemory("default", "c" + i);
    }
  }

  @Test
  void aListenerThatLagsHasNoMoreThanThePrefetchUnderWay() {
    int all = 3 * GrpcEventStream.PREFETCH;
    Listener slow = new Listener();
    Listener quick = new Listener();
    try (EventStream slowStream = subscribe(slow);
        EventStream quickStream = subscribe(quick)) {
      for (int i = 0; i < all; i++) {
        quickStream.processed();
      }
      publishOutOfMemory(all);

      // The same connection has brought all of it for the one, so for the other, too.
      await().until(() -> quick.events.size() == all);
      assertThat(slow.events).hasSize(GrpcEventStream.PREFETCH);

      slowStream.processed();
      await().until(() -> slow.events.size() > GrpcEventStream.PREFETCH);
      assertThat(slow.events).hasSize(GrpcEventStream.PREFETCH + 1);

      for (int i = 0; i < all; i++) {
        slowStream.processed();
      }
      await().until(() -> slow.events.size() == all);
      assertThat(slow.events).isEqualTo(quick.events);
    }
  }

  @Test
  void eventsComeInOrderAndOfTasksContainersAndTheProbeOnly() {
    Listener listener = new Listener();
    try (EventStream stream = subscribe(listener)) {
      containerd.createContainer("default", "web", Map.of());
      containerd.publish("default", "/images/create", Any.getDefaultInstance());
      containerd.publish("default", "/statebridge/probe/2", Any.getDefaultInstance());
      containerd.outOfMemory("default", "web");
      runtime.publishProbe(PROBE).toCompletableFuture().join();

      await().until(() -> listener.events.size() >= 3);
      var id = new ContainerId("default", "web");
      assertThat(listener.events)
          .containsExactly(
              new ContainerCreated(id, "simulated:latest", "io.containerd.runc.v2"),
              new OutOfMemory(id),
              new Probe(PROBE));
      assertThat(stream).isNotNull();
    }
  }

  @Test
  void aStreamThatFailsOrEndsIsToldOnceAndMayPass() {
    Listener cut = new Listener();
    subscribe(cut);
    containerd.events().cutStreams();
    await().until(() -> !cut.ends.isEmpty());

    Listener ended = new Listener();
    subscribe(ended);
    containerd.events().endStreamsCleanly();
    await().until(() -> !ended.ends.isEmpty());

    assertThat(cut.ends)
        .singleElement()
        .extracting(RuntimeFailure::kind)
        .isEqualTo(Kind.UNREACHABLE);
    assertThat(ended.ends)
        .singleElement()
        .satisfies(
            end -> {
              assertThat(end.kind()).isEqualTo(Kind.TRANSIENT);
              assertThat(end).hasMessageContaining("ended the stream");
            });
  }

  @Test
  void aClosedStreamSaysNothingMoreAndLeavesContainerd() {
    Listener listener = new Listener();
    Listener other = new Listener();
    EventStream stream = subscribe(listener);
    try (EventStream open = subscribe(other)) {
      stream.close();
      stream.close();
      stream.processed();
      publishOutOfMemory(1);

      await().until(() -> containerd.events().subscribers() == 1 && other.events.size() == 1);
      assertThat(listener.events).isEmpty();
      assertThat(listener.ends).isEmpty();
      assertThat(open).isNotNull();
    }
  }
}
