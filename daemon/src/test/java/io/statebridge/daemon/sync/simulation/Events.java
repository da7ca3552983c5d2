package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime.EventListener;
import io.statebridge.api.ContainerRuntime.EventStream;
import io.statebridge.api.RuntimeFailure;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * containerd's event service: no replay, no sign that a subscription is registered. Shims try a
 * publish again while containerd is away, for 15 s, and so change the order.
 */
final class Events {

  private static final long GIVE_UP_NANOS = 15_000_000_000L;

  /**
   * @param run that it is about, if the daemon learns of one by it
   * @param created the container, if it says that there is a new one
   */
  private record Published(
      ContainerEvent event,
      @Nullable LedgerRun run,
      @Nullable LedgerContainer created,
      long giveUpNanos) {}

  private final World world;
  private final List<Subscription> subscriptions = new ArrayList<>();

  Events(World world) {
    this.world = world;
  }

  EventStream subscribe(DaemonLife life, EventListener listener) {
    Subscription subscription = new Subscription(life, listener);
    world.time.after(world.leg("subscribe", life.number), subscription::register);
    return subscription;
  }

  void byShim(ContainerEvent.OfContainer event, @Nullable LedgerRun run) {
    publish(event, event.id(), run, world.time.nowNanos() + GIVE_UP_NANOS);
  }

  void byContainerd(ContainerEvent.OfContainer event, @Nullable LedgerRun run) {
    publish(event, event.id(), run, 0);
  }

  void probe(String topic) {
    if (world.faults.event(Op.DROP_PROBE, null) == null) {
      arrive(new Published(new ContainerEvent.Probe(topic), null, null, 0));
    }
  }

  private void publish(
      ContainerEvent event, ContainerId id, @Nullable LedgerRun run, long giveUpNanos) {
    @Nullable LedgerContainer created =
        event instanceof ContainerEvent.ContainerCreated ? world.ledger.last(id) : null;
    Published published = new Published(event, run, created, giveUpNanos);
    if (giveUpNanos == 0) {
      // containerd tells itself: in order, once, and unless the stream breaks for certain.
      arrive(published);
      return;
    }
    if (world.faults.event(Op.DROP_EVENT, id) != null) {
      world.trace.add("events", "lost: ", event);
      return;
    }
    Step late = world.faults.event(Op.DELAY_EVENT, id);
    long delay = world.leg("publish", event.getClass().getName() + id);
    long lateness = late == null ? 0 : late.arg() * 1_000_000;
    world.time.after(delay + lateness, () -> arrive(published));
    Step twice = world.faults.event(Op.DUPLICATE_EVENT, id);
    if (twice != null) {
      world.time.after(delay + twice.arg() * 1_000_000, () -> arrive(published));
    }
  }

  private void arrive(Published published) {
    if (world.containerd.up) {
      List.copyOf(subscriptions).forEach(s -> s.send(published));
    } else if (world.time.nowNanos() < published.giveUpNanos()) {
      world.time.after(
          world.noise.between(1000, 5000, "republish", published.event().toString()),
          () -> arrive(published));
    } else {
      world.trace.add("events", "given up: ", published.event());
    }
  }

  /** Streams end, by error or cleanly. */
  void cut(boolean byError) {
    List<Subscription> all = List.copyOf(subscriptions);
    subscriptions.clear();
    for (Subscription subscription : all) {
      world.time.after(world.leg("cut", byError), () -> subscription.end(byError));
    }
  }

  /** Streams that are open now tell nothing more. */
  void silence() {
    subscriptions.clear();
  }

  private final class Subscription implements EventStream {
    private final DaemonLife life;
    private final EventListener listener;
    private boolean closed;
    private long lastNanos;

    Subscription(DaemonLife life, EventListener listener) {
      this.life = life;
      this.listener = listener;
    }

    void register() {
      if (!closed && !life.dead() && world.containerd.up) {
        world.oracle.registered(life);
        subscriptions.add(this);
      }
    }

    void send(Published published) {
      long at =
          world.time.nowNanos() + world.leg("deliver", published.event().getClass().getName()) / 4;
      lastNanos = Math.max(lastNanos, at);
      world.time.after(lastNanos - world.time.nowNanos(), () -> deliver(published));
    }

    private void deliver(Published published) {
      if (closed || life.dead()) {
        return;
      }
      if (!(published.event() instanceof ContainerEvent.Probe)) {
        world.trace.add("event", published.event());
      }
      world.oracle.delivered(published.event(), published.run());
      if (published.created() != null) {
        published.created().announced = true;
      }
      listener.next(published.event());
    }

    void end(boolean byError) {
      if (!closed && !life.dead()) {
        closed = true;
        world.trace.add("events", "the stream ends");
        listener.ended(
            new RuntimeFailure(
                RuntimeFailure.Kind.TRANSIENT, byError ? "the stream broke" : "the stream ended"));
      }
    }

    @Override
    public void processed() {}

    @Override
    public void close() {
      closed = true;
      subscriptions.remove(this);
    }
  }
}
