package io.statebridge.simulator;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.sandbox.v1.ControllerStatusResponse;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitResponse;
import io.statebridge.proto.containerd.sandbox.v1.Sandbox;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * The sandboxes of the node: their records, and what the sandboxer "shim" of containerd 2 says of
 * them. No event tells of them. Thread-safe.
 */
public final class Sandboxes {

  private static final String SANDBOXER = "shim";

  // Guarded by this.
  private final Map<Key, Sandbox> records = new LinkedHashMap<>();
  private final Map<Key, ControllerStatusResponse> statuses = new HashMap<>();
  private final Map<Key, ControllerWaitResponse> ends = new HashMap<>();
  private final Map<Key, List<StreamObserver<ControllerWaitResponse>>> waiting = new HashMap<>();
  private boolean served;

  Sandboxes() {}

  /** Whether there is such a service: before 1.7 there is none, which is also the default here. */
  public synchronized void serve(boolean whether) {
    served = whether;
  }

  synchronized boolean served() {
    return served;
  }

  /** A record, of a sandbox that nobody has started. */
  public void create(String namespace, String id, String criMetadata) {
    create(namespace, id, SANDBOXER, criMetadata);
  }

  /** The same by another sandboxer, or with an empty name by none. */
  public synchronized void create(
      String namespace, String id, String sandboxer, String criMetadata) {
    Sandbox record =
        Sandbox.newBuilder()
            .setSandboxId(id)
            .setRuntime(Sandbox.Runtime.newBuilder().setName("io.containerd.simulated.v2"))
            .putLabels("name", id)
            .setCreatedAt(Timestamps.of(Instant.now()))
            .putExtensions(
                "metadata", Any.newBuilder().setValue(ByteString.copyFromUtf8(criMetadata)).build())
            .setSandboxer(sandboxer)
            .build();
    records.put(new Key(namespace, id), record);
  }

  /** It is there, but not ready yet. */
  public synchronized void prepare(String namespace, String id) {
    put(new Key(namespace, id), status("SANDBOX_NOTREADY", 0));
  }

  /**
   * It is ready.
   *
   * @param pid 0 when it has no process on this node
   */
  public synchronized void start(String namespace, String id, int pid) {
    put(new Key(namespace, id), status("SANDBOX_READY", pid));
  }

  /** It ends, and its sandboxer remembers how; when it did. */
  public Instant end(String namespace, String id, int code) {
    Instant at = Instant.now();
    end(
        new Key(namespace, id),
        ControllerWaitResponse.newBuilder()
            .setExitStatus(code)
            .setExitedAt(Timestamps.of(at))
            .build());
    return at;
  }

  /** It ends, and its sandboxer does not tell how. */
  public void endUntold(String namespace, String id) {
    end(new Key(namespace, id), ControllerWaitResponse.getDefaultInstance());
  }

  private void end(Key key, ControllerWaitResponse end) {
    List<StreamObserver<ControllerWaitResponse>> waiters;
    synchronized (this) {
      put(key, status("SANDBOX_NOTREADY", 0));
      ends.put(key, end);
      waiters = removeWaiting(key);
    }
    waiters.forEach(waiter -> answer(waiter, end));
  }

  /** Its shim is gone, and with it all that was known of it but the record. */
  public void lose(String namespace, String id) {
    List<StreamObserver<ControllerWaitResponse>> waiters;
    synchronized (this) {
      Key key = new Key(namespace, id);
      statuses.remove(key);
      ends.remove(key);
      waiters = removeWaiting(key);
    }
    waiters.forEach(
        waiter ->
            waiter.onError(
                Status.UNKNOWN.withDescription("ttrpc: closed: unknown").asRuntimeException()));
  }

  /** It is gone, its record included. */
  public void delete(String namespace, String id) {
    lose(namespace, id);
    synchronized (this) {
      records.remove(new Key(namespace, id));
    }
  }

  private List<StreamObserver<ControllerWaitResponse>> removeWaiting(Key key) {
    List<StreamObserver<ControllerWaitResponse>> waiters = waiting.remove(key);
    return waiters == null ? List.of() : waiters;
  }

  private static void answer(
      StreamObserver<ControllerWaitResponse> waiter, ControllerWaitResponse end) {
    waiter.onNext(end);
    waiter.onCompleted();
  }

  /** How many wait for its end. */
  public synchronized int waiting(String namespace, String id) {
    return waiting.getOrDefault(new Key(namespace, id), List.of()).size();
  }

  private void put(Key key, ControllerStatusResponse status) {
    if (!records.containsKey(key)) {
      throw new NoSuchElementException("no sandbox " + key);
    }
    statuses.put(key, status);
  }

  private static ControllerStatusResponse status(String state, int pid) {
    return ControllerStatusResponse.newBuilder().setState(state).setPid(pid).build();
  }

  synchronized Optional<Sandbox> record(Key key) {
    return Optional.ofNullable(records.get(key));
  }

  synchronized List<Sandbox> records(String namespace) {
    return records.entrySet().stream()
        .filter(entry -> entry.getKey().namespace().equals(namespace))
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Of a shim that is not there, containerd says that it has ended now, in no state. */
  synchronized ControllerStatusResponse status(Key key) {
    return statuses.getOrDefault(
        key,
        ControllerStatusResponse.newBuilder().setExitedAt(Timestamps.of(Instant.now())).build());
  }

  /** Answers when it has ended; at once if it has. False when its shim is not there. */
  boolean whenEnded(Key key, StreamObserver<ControllerWaitResponse> waiter) {
    ControllerWaitResponse end;
    synchronized (this) {
      end = ends.get(key);
      if (end == null) {
        boolean lives = statuses.containsKey(key);
        if (lives) {
          waiting.computeIfAbsent(key, k -> new ArrayList<>()).add(waiter);
        }
        return lives;
      }
    }
    answer(waiter, end);
    return true;
  }

  /** Whoever waits has left. */
  synchronized void giveUp(StreamObserver<ControllerWaitResponse> waiter) {
    waiting.values().forEach(waiters -> waiters.remove(waiter));
  }
}
