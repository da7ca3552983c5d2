package io.statebridge.simulator;

import com.google.protobuf.Message;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.shim.WaitRequest;
import io.statebridge.proto.containerd.shim.WaitResponse;
import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Asks a shim one question after another, on one connection. */
final class ShimClient implements AutoCloseable {
  private final SocketChannel channel;
  private final DataInputStream in;
  private final DataOutputStream out;
  private int lastStream = -1;

  private ShimClient(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    in = new DataInputStream(Channels.newInputStream(channel));
    out = new DataOutputStream(Channels.newOutputStream(channel));
  }

  /** Connects to the shim that a bundle names. */
  static ShimClient of(Path bundle) throws IOException {
    String address = Files.readString(bundle.resolve("address"));
    return new ShimClient(Path.of(address.substring("unix://".length())));
  }

  void ask(String method, Message request) throws IOException {
    ask("containerd.task.v2.Task", method, request);
  }

  void ask(String service, String method, Message request) throws IOException {
    lastStream += 2;
    byte[] payload =
        Request.newBuilder()
            .setService(service)
            .setMethod(method)
            .setPayload(request.toByteString())
            .build()
            .toByteArray();
    out.writeInt(payload.length);
    out.writeInt(lastStream);
    out.writeShort(1 << 8);
    out.write(payload);
    out.flush();
  }

  /** The answer to the last question; fails when the connection is lost. */
  Response answer() throws IOException {
    int length = in.readInt();
    int stream = in.readInt();
    int typeAndFlags = in.readShort();
    if (length < 0 || stream != lastStream || typeAndFlags != 2 << 8) {
      throw new IOException("no answer to " + lastStream + ": " + stream + " " + typeAndFlags);
    }
    return Response.parseFrom(in.readNBytes(length));
  }

  StateResponse state(String id) throws IOException {
    ask("State", StateRequest.newBuilder().setId(id).build());
    return StateResponse.parseFrom(answer().getPayload());
  }

  void waitFor(String id) throws IOException {
    ask("Wait", WaitRequest.newBuilder().setId(id).build());
  }

  WaitResponse ended() throws IOException {
    return WaitResponse.parseFrom(answer().getPayload());
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
