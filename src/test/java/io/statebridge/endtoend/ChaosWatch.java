package io.statebridge.endtoend;

import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import io.statebridge.proto.v1.PendingExit;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A watcher that goes on as the documentation says: it resumes where it was, and begins anew when
 * it is told OUT_OF_RANGE. It holds what it is told against the promises of a watch. Thread-safe.
 */
final class ChaosWatch implements AutoCloseable {

  /** A promise that was not kept: a change came twice, did not come, or took a truth back. */
  record Broken(Kind kind, String what) {}

  enum Kind {
    DUPLICATE,
    GAP,
    WRONG
  }

  private final String name;
  private final String namespace;
  private final Duration streamLength;
  private final Duration pause;
  private final UnixChannel channel;
  private final ChaosHistory history;
  private final Function<ContainerId, Optional<ChaosContainer>> ledger;
  private final Thread thread;
  private volatile boolean closed;

  // Guarded by this.
  private final List<Broken> broken = new ArrayList<>();
  private Map<ContainerId, Container> records = new TreeMap<>();
  private @Nullable Map<ContainerId, Container> initial;
  private String epoch = "";
  private long revision;
  private int overtaken;

  /**
   * @param namespace the only one that is watched; empty for all
   * @param streamLength how long a stream is read before the watcher leaves it
   * @param pause how long it is away then
   */
  ChaosWatch(
      String name,
      String namespace,
      Duration streamLength,
      Duration pause,
      UnixChannel channel,
      ChaosHistory history,
      Function<ContainerId, Optional<ChaosContainer>> ledger) {
    this.name = name;
    this.namespace = namespace;
    this.streamLength = streamLength;
    this.pause = pause;
    this.channel = channel;
    this.history = history;
    this.ledger = ledger;
    thread = Thread.ofPlatform().name("watch-" + name).daemon().start(this::watch);
  }

  private void watch() {
    while (!closed) {
      channel.grpc().resetConnectBackoff();
      try {
        Iterator<WatchContainersResponse> stream =
            StatebridgeGrpc.newBlockingStub(channel.grpc())
                .withDeadline(Deadline.after(streamLength.toMillis(), TimeUnit.MILLISECONDS))
                .watchContainers(request());
        while (stream.hasNext()) {
          told(stream.next());
        }
      } catch (StatusRuntimeException e) {
        failed(e.getStatus().getCode());
      }
      pause();
    }
  }

  private void pause() {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private synchronized WatchContainersRequest request() {
    WatchContainersRequest.Builder request =
        WatchContainersRequest.newBuilder()
            .setProgressInterval(com.google.protobuf.Duration.newBuilder().setNanos(100_000_000));
    if (!namespace.isEmpty()) {
      request.setFilter(ContainerFilter.newBuilder().addNamespaces(namespace));
    }
    if (epoch.isEmpty()) {
      initial = new TreeMap<>();
    } else {
      request.setResume(
          WatchContainersRequest.Resume.newBuilder().setEpoch(epoch).setRevision(revision));
    }
    return request.build();
  }

  private synchronized void failed(Status.Code code) {
    switch (code) {
      case OUT_OF_RANGE -> {
        epoch = "";
        overtaken++;
      }
      // The end of this stream, or of the daemon.
      case DEADLINE_EXCEEDED, UNAVAILABLE, CANCELLED -> {}
      default -> broken.add(new Broken(Kind.WRONG, name + ": the stream failed: " + code));
    }
    if (initial != null) {
      // Not complete.
      initial = null;
      epoch = "";
    }
  }

  private synchronized void told(WatchContainersResponse message) {
    if (initial != null) {
      toldInitial(initial, message);
      return;
    }
    if (!message.getEpoch().equals(epoch)) {
      breaks(Kind.WRONG, "another epoch in a stream", message);
    }
    boolean mark = message.getType() == WatchContainersResponse.Type.PROGRESS;
    long next = message.getRevision();
    if (mark ? next < revision : next <= revision) {
      breaks(Kind.DUPLICATE, "back to before " + revision, message);
    }
    boolean skipped = namespace.isEmpty() && next > (mark ? revision : revision + 1);
    if (skipped || history.skipped(epoch, namespace, revision, mark ? next : next - 1)) {
      breaks(Kind.GAP, "changes after " + revision + " did not come", message);
    }
    revision = next;
    if (!mark) {
      change(message);
    }
  }

  private void toldInitial(Map<ContainerId, Container> all, WatchContainersResponse message) {
    if (message.getType() == WatchContainersResponse.Type.SYNCED) {
      epoch = message.getEpoch();
      revision = message.getRevision();
      all.forEach((id, record) -> follows(id, records.get(id), record, false));
      records = all;
      initial = null;
    } else if (all.put(id(message), message.getContainer()) != null) {
      breaks(Kind.DUPLICATE, "there twice", message);
    }
  }

  private void change(WatchContainersResponse message) {
    if (!history.agrees(message)) {
      breaks(Kind.WRONG, "another watcher was told something else", message);
    }
    ContainerId id = id(message);
    Container before = records.get(id);
    if ((message.getType() == WatchContainersResponse.Type.ADDED) == (before != null)) {
      breaks(before == null ? Kind.GAP : Kind.DUPLICATE, "was " + before, message);
    }
    if (message.getType() == WatchContainersResponse.Type.DELETED) {
      records.remove(id);
    } else {
      records.put(id, message.getContainer());
      follows(id, before, message.getContainer(), true);
    }
  }

  /** No id is used twice, so every record of it is of one run. */
  private void follows(
      ContainerId id, @Nullable Container before, Container after, boolean sameEpoch) {
    Instant now = Instant.now();
    Optional<ChaosContainer> real = ledger.apply(id);
    if (after.getPid() != 0) {
      real.filter(c -> c.processSeen == null).ifPresent(c -> c.processSeen = now);
    }
    OptionalCode is = code(after);
    if (is.known()) {
      real.filter(c -> c.exitSeen == null).ifPresent(c -> c.exitSeen = now);
    }
    if (before == null) {
      return;
    }
    OptionalCode was = code(before);
    boolean otherCode = was.known() && is.known() && was.code() != is.code();
    boolean undone = sameEpoch && isExited(before) && !isExited(after);
    if (otherCode || undone || (sameEpoch && was.known() && !is.known())) {
      broken.add(new Broken(Kind.WRONG, name + ": " + before + " became " + after));
    }
  }

  private record OptionalCode(boolean known, int code) {}

  /** The code, unless the record says itself that it may not be the true one. */
  private static OptionalCode code(Container record) {
    if (record.hasPendingExit()) {
      PendingExit pending = record.getPendingExit();
      int code = pending.getExitCode();
      // Of a dead shim only the record that follows says that it is a guess.
      boolean isSure =
          (code != 137 && code != 255) || pending.getSource() == ExitSource.EXIT_SOURCE_SHIM;
      return new OptionalCode(isSure, code);
    }
    return new OptionalCode(
        isExited(record) && !ChaosLedger.isFlagged(record), record.getExitCode());
  }

  private static boolean isExited(Container record) {
    return record.getState() == ContainerState.CONTAINER_STATE_EXITED;
  }

  private static ContainerId id(WatchContainersResponse message) {
    return new ContainerId(message.getContainer().getNamespace(), message.getContainer().getId());
  }

  private void breaks(Kind kind, String why, WatchContainersResponse message) {
    broken.add(new Broken(kind, name + ": " + why + ": " + message));
  }

  /** Whether it has come to a revision, and has been told of all that there is then. */
  synchronized boolean shows(String ofEpoch, long ofRevision, Map<ContainerId, Container> all) {
    return epoch.equals(ofEpoch) && revision == ofRevision && records.equals(all);
  }

  boolean watches(ContainerId id) {
    return namespace.isEmpty() || namespace.equals(id.namespace());
  }

  /** What is broken since this was asked last. */
  synchronized List<Broken> takeBroken() {
    List<Broken> taken = List.copyOf(broken);
    broken.clear();
    return taken;
  }

  /** How often it was told OUT_OF_RANGE. */
  synchronized int overtaken() {
    return overtaken;
  }

  @Override
  public String toString() {
    return name;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.close();
  }
}
