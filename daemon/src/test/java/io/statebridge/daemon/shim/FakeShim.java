package io.statebridge.daemon.shim;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.shim.WaitResponse;
import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import io.statebridge.proto.containerd.ttrpc.Status;
import io.statebridge.simulator.TtrpcServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** A shim that notes whatever it is asked and says what it is told to. */
final class FakeShim implements AutoCloseable {
  private final TtrpcServer server;
  private final Map<String, Integer> pids = new ConcurrentHashMap<>();
  private final Map<String, Consumer<Response>> waiting = new ConcurrentHashMap<>();

  /** Such as "containerd.task.v2.Task/State web". */
  final Queue<String> calls = new ConcurrentLinkedQueue<>();

  volatile boolean silent;

  /** The one that it has; empty: whichever is asked. */
  volatile String service = "";

  FakeShim(Path socket) throws IOException {
    server = new TtrpcServer(socket, this::handle);
  }

  void task(String id, int pid) {
    pids.put(id, pid);
  }

  boolean isWaitedFor(String id) {
    return waiting.containsKey(id);
  }

  int connections() {
    return server.connections();
  }

  void exit(String id, int code, Instant at) {
    answer(
        id,
        WaitResponse.newBuilder()
            .setExitStatus(code)
            .setExitedAt(
                Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()))
            .build());
  }

  void answer(String id, WaitResponse response) {
    Consumer<Response> who = waiting.remove(id);
    if (who == null) {
      throw new IllegalStateException("nobody waits for " + id);
    }
    who.accept(success(response));
  }

  /** Sends bytes as they are to everybody. */
  void garble(byte[] bytes) {
    server.garble(bytes);
  }

  void cut() {
    server.drop();
  }

  private void handle(Request request, Consumer<Response> reply) {
    String id;
    try {
      // Both requests have the id in the same place.
      id = StateRequest.parseFrom(request.getPayload()).getId();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(e);
    }
    calls.add(request.getService() + "/" + request.getMethod() + " " + id);
    if (silent) {
      return;
    }
    if (!service.isEmpty() && !service.equals(request.getService())) {
      reply.accept(
          Response.newBuilder()
              .setStatus(
                  Status.newBuilder().setCode(12).setMessage("service " + request.getService()))
              .build());
      return;
    }
    Integer pid = pids.get(id);
    if (pid == null) {
      reply.accept(
          Response.newBuilder()
              .setStatus(Status.newBuilder().setCode(5).setMessage("no such task"))
              .build());
    } else if (request.getMethod().equals("State")) {
      reply.accept(success(StateResponse.newBuilder().setId(id).setPid(pid).build()));
    } else {
      waiting.put(id, reply);
    }
  }

  private static Response success(Message answer) {
    return Response.newBuilder().setPayload(answer.toByteString()).build();
  }

  @Override
  public void close() {
    server.close();
  }
}
