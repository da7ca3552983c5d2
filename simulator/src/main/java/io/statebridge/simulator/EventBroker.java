package io.statebridge.simulator;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * containerd's exchange: every event goes to whoever subscribes at that moment, through an
 * unbounded queue each, without replay and without a sign that a subscription is registered. What
 * goes wrong with events is asked for here.
 *
 * <p>Thread-safe; deliveries are made in order by the executor, one at a time.
 */
public final class EventBroker {

  private record Subscriber(
      Predicate<Envelope> filter, ServerCallStreamObserver<Envelope> stream) {}

  private final ScheduledExecutorService serial;

  // Guarded by this.
  private final List<Subscriber> subscribers = new ArrayList<>();
  private final Map<String, Integer> toDrop = new HashMap<>();
  private final Map<String, Integer> toDuplicate = new HashMap<>();
  private final List<Envelope> held = new ArrayList<>();
  private final List<Subscriber> joining = new ArrayList<>();
  private boolean holding;
  private boolean stopped;
  private boolean muted;
  private long nanosPerEvent;
  private long lastDue = System.nanoTime();

  /**
   * @param serial runs one delivery after another
   */
  EventBroker(ScheduledExecutorService serial) {
    this.serial = serial;
  }

  /** How many subscriptions are open. */
  public synchronized int subscribers() {
    return subscribers.size();
  }

  /** Every open stream fails with UNAVAILABLE. */
  public void cutStreams() {
    endAll(
        stream -> stream.onError(Status.UNAVAILABLE.withDescription("cut").asRuntimeException()));
  }

  /** Every open stream ends without an error, as containerd's do when it shuts down. */
  public void endStreamsCleanly() {
    endAll(StreamObserver::onCompleted);
  }

  /** Streams stay open, and nothing comes any more until this is called with false. */
  public synchronized void mute(boolean mute) {
    muted = mute;
  }

  /** The next {@code times} events of a topic never reach anybody. */
  public synchronized void dropNext(String topic, int times) {
    toDrop.put(topic, times);
  }

  /** The next {@code times} events of a topic come twice. */
  public synchronized void duplicateNext(String topic, int times) {
    toDuplicate.put(topic, times);
  }

  /** From now on events are kept back. */
  public synchronized void hold() {
    holding = true;
  }

  /** From now on no more than one event is delivered in such a time, as in a storm of them. */
  public synchronized void pace(Duration perEvent) {
    nanosPerEvent = perEvent.toNanos();
  }

  /** containerd is stopped: events are kept back, and subscriptions are not registered. */
  synchronized void stop() {
    holding = true;
    stopped = true;
  }

  /** containerd goes on: what was kept back is delivered in its order, and only to the old ones. */
  synchronized void goOn() {
    holding = false;
    stopped = false;
    held.forEach(this::deliver);
    held.clear();
    List<Subscriber> late = List.copyOf(joining);
    joining.clear();
    serial.schedule(() -> join(late), lastDue - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  private synchronized void join(List<Subscriber> late) {
    late.stream()
        .filter(subscriber -> !subscriber.stream().isCancelled())
        .forEach(subscribers::add);
  }

  /** What was kept back is delivered, the last first. */
  public void releaseReversed() {
    List<Envelope> release;
    synchronized (this) {
      holding = false;
      Collections.reverse(held);
      release = List.copyOf(held);
      held.clear();
    }
    release.forEach(this::deliver);
  }

  void subscribe(List<String> filters, StreamObserver<Envelope> observer) {
    ServerCallStreamObserver<Envelope> stream = (ServerCallStreamObserver<Envelope>) observer;
    Subscriber subscriber = new Subscriber(EventFilter.of(filters), stream);
    stream.setOnCancelHandler(() -> remove(subscriber));
    synchronized (this) {
      (stopped ? joining : subscribers).add(subscriber);
    }
  }

  private synchronized void remove(Subscriber subscriber) {
    subscribers.remove(subscriber);
    joining.remove(subscriber);
  }

  void publish(String namespace, String topic, Message event) {
    // Like containerd: the bare name, without the usual prefix.
    publishAny(
        namespace,
        topic,
        Any.newBuilder()
            .setTypeUrl(event.getDescriptorForType().getFullName())
            .setValue(event.toByteString())
            .build());
  }

  void publishAny(String namespace, String topic, Any event) {
    Envelope envelope =
        Envelope.newBuilder()
            .setTimestamp(Timestamps.of(Instant.now()))
            .setNamespace(namespace)
            .setTopic(topic)
            .setEvent(event)
            .build();
    int copies;
    synchronized (this) {
      copies = muted || takeOne(toDrop, topic) ? 0 : takeOne(toDuplicate, topic) ? 2 : 1;
      if (holding) {
        held.addAll(Collections.nCopies(copies, envelope));
        return;
      }
    }
    for (int i = 0; i < copies; i++) {
      deliver(envelope);
    }
  }

  private static boolean takeOne(Map<String, Integer> left, String topic) {
    Integer before = left.get(topic);
    if (before == null) {
      return false;
    }
    left.computeIfPresent(topic, (t, n) -> n > 1 ? n - 1 : null);
    return true;
  }

  private synchronized void deliver(Envelope envelope) {
    long now = System.nanoTime();
    lastDue = Math.max(now, lastDue + nanosPerEvent);
    serial.schedule(
        () -> {
          List<Subscriber> current;
          synchronized (this) {
            current = List.copyOf(subscribers);
          }
          for (Subscriber subscriber : current) {
            if (subscriber.filter().test(envelope) && !subscriber.stream().isCancelled()) {
              subscriber.stream().onNext(envelope);
            }
          }
        },
        lastDue - now,
        TimeUnit.NANOSECONDS);
  }

  private interface End {
    void of(StreamObserver<Envelope> stream);
  }

  private void endAll(End end) {
    serial.execute(
        () -> {
          List<Subscriber> current;
          synchronized (this) {
            current = List.copyOf(subscribers);
            subscribers.clear();
          }
          current.stream()
              .filter(subscriber -> !subscriber.stream().isCancelled())
              .forEach(subscriber -> end.of(subscriber.stream()));
        });
  }
}
