package io.statebridge.daemon.shim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.shim.WaitRequest;
import io.statebridge.proto.containerd.shim.WaitResponse;
import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import io.statebridge.proto.containerd.ttrpc.Status;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** A shim on a socket, which frames by hand what it says and notes whatever it is asked. */
final class FakeShim implements AutoCloseable {
  private record Waiting(Connection connection, int stream) {}

  private final ServerSocketChannel server;
  private final List<SocketChannel> connections = new CopyOnWriteArrayList<>();
  private final Map<String, Integer> pids = new ConcurrentHashMap<>();
  private final Map<String, Waiting> waiting = new ConcurrentHashMap<>();

  /** Such as "containerd.task.v2.Task/State web". */
  final Queue<String> calls = new ConcurrentLinkedQueue<>();

  volatile boolean silent;

  FakeShim(Path socket) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
  }

  void task(String id, int pid) {
    pids.put(id, pid);
  }

  boolean isWaitedFor(String id) {
    return waiting.containsKey(id);
  }

  int connections() {
    return (int) connections.stream().filter(SocketChannel::isOpen).count();
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
    Waiting who = waiting.remove(id);
    if (who == null) {
      throw new IllegalStateException("nobody waits for " + id);
    }
    who.connection.send(
        who.stream, Response.newBuilder().setPayload(response.toByteString()).build());
  }

  /** Sends bytes as they are to everybody who waits. */
  void garble(byte[] bytes) {
    waiting.values().forEach(who -> who.connection.sendRaw(bytes));
  }

  void cut() throws IOException {
    for (SocketChannel connection : connections) {
      connection.close();
    }
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel channel = server.accept();
        connections.add(channel);
        Connection connection =
            new Connection(
                new DataInputStream(Channels.newInputStream(channel)),
                new DataOutputStream(Channels.newOutputStream(channel)));
        Thread.ofVirtual()
            .start(
                () -> {
                  try (channel) {
                    serve(connection);
                  } catch (IOException e) {
                    // The client has gone.
                  }
                });
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private record Connection(DataInputStream in, DataOutputStream out) {
    void send(int stream, Response response) {
      byte[] payload = response.toByteArray();
      try {
        synchronized (out) {
          out.writeInt(payload.length);
          out.writeInt(stream);
          out.writeByte(2);
          out.writeByte(0);
          out.write(payload);
          out.flush();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void sendRaw(byte[] bytes) {
      try {
        synchronized (out) {
          out.write(bytes);
          out.flush();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void serve(Connection connection) throws IOException {
    while (true) {
      int length = connection.in.readInt();
      int stream = connection.in.readInt();
      byte type = connection.in.readByte();
      byte flags = connection.in.readByte();
      Request request = Request.parseFrom(connection.in.readNBytes(length));
      if (type != 1 || flags != 0 || stream % 2 == 0) {
        throw new IOException("no ttrpc request: " + type + " " + flags + " " + stream);
      }
      handle(connection, stream, request);
    }
  }

  private void handle(Connection connection, int stream, Request request) throws IOException {
    ByteString payload = request.getPayload();
    // Both requests have the id in the same place.
    String id = StateRequest.parseFrom(payload).getId();
    calls.add(request.getService() + "/" + request.getMethod() + " " + id);
    if (silent) {
      return;
    }
    Integer pid = pids.get(id);
    if (pid == null) {
      connection.send(
          stream,
          Response.newBuilder()
              .setStatus(Status.newBuilder().setCode(5).setMessage("no such task"))
              .build());
    } else if (request.getMethod().equals("State")) {
      connection.send(
          stream,
          Response.newBuilder()
              .setPayload(StateResponse.newBuilder().setId(id).setPid(pid).build().toByteString())
              .build());
    } else {
      waiting.put(WaitRequest.parseFrom(payload).getId(), new Waiting(connection, stream));
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
  }
}
