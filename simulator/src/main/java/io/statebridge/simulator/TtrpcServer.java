package io.statebridge.simulator;

import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Answers unary ttrpc calls on a unix socket, a virtual thread for each connection. It frames by
 * hand and trusts nobody: what is no request ends the connection. Thread-safe.
 */
public final class TtrpcServer implements AutoCloseable {

  /** Whoever answers. Called by the connection's thread; the reply may come later, at most once. */
  public interface Handler {
    void handle(Request request, Consumer<Response> reply);
  }

  private static final int MAX_PAYLOAD_BYTES = 4 << 20;
  private static final int REQUEST = 1;
  private static final int RESPONSE = 2;

  private final Path socket;
  private final ServerSocketChannel server;
  private final Handler handler;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  /** Listens; a socket that is there already is replaced. */
  public TtrpcServer(Path socket, Handler handler) throws IOException {
    this.socket = socket;
    this.handler = handler;
    Files.deleteIfExists(socket);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().name("ttrpc-accept").start(this::accept);
  }

  /** How many connections are open. */
  public int connections() {
    return connections.size();
  }

  /** Ends every connection; new ones are welcome. */
  public void drop() {
    List.copyOf(connections).forEach(Connection::close);
  }

  /** Sends bytes as they are on every connection. */
  public void garble(byte[] bytes) {
    connections.forEach(
        connection ->
            connection.send(
                out -> {
                  out.write(bytes);
                }));
  }

  private void accept() {
    try {
      while (true) {
        Connection connection = new Connection(server.accept());
        connections.add(connection);
        Thread.ofVirtual().name("ttrpc-connection").start(connection::serve);
        if (!server.isOpen()) {
          // It came while the others were being closed.
          connection.close();
        }
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  @Override
  public void close() {
    try {
      server.close();
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot stop listening on " + socket, e);
    }
    drop();
  }

  private interface Writing {
    void to(DataOutputStream out) throws IOException;
  }

  private final class Connection {
    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    Connection(SocketChannel channel) {
      this.channel = channel;
      in = new DataInputStream(Channels.newInputStream(channel));
      out = new DataOutputStream(Channels.newOutputStream(channel));
    }

    void serve() {
      try {
        while (true) {
          int length = in.readInt();
          int stream = in.readInt();
          byte type = in.readByte();
          byte flags = in.readByte();
          if (type != REQUEST || flags != 0 || stream % 2 == 0 || length > MAX_PAYLOAD_BYTES) {
            throw new IOException("no request: type " + type + ", stream " + stream);
          }
          Request request = Request.parseFrom(in.readNBytes(length));
          handler.handle(request, response -> reply(stream, response));
        }
      } catch (IOException e) {
        // The client has gone, or is none.
        close();
      }
    }

    private void reply(int stream, Response response) {
      byte[] payload = response.toByteArray();
      send(
          to -> {
            to.writeInt(payload.length);
            to.writeInt(stream);
            to.writeByte(RESPONSE);
            to.writeByte(0);
            to.write(payload);
          });
    }

    synchronized void send(Writing writing) {
      try {
        writing.to(out);
        out.flush();
      } catch (IOException e) {
        // The client has gone.
        close();
      }
    }

    void close() {
      connections.remove(this);
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot close a connection to " + socket, e);
      }
    }
  }
}
