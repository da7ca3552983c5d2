package io.statebridge.daemon.shim;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import io.statebridge.proto.containerd.ttrpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * One connection to a shim, with any number of calls open on it. What is no ttrpc ends it, and its
 * end fails all calls. Event loop only.
 */
final class ShimConnection extends SimpleChannelInboundHandler<ByteBuf> {

  /** ttrpc's own limit. */
  static final int MAX_PAYLOAD_BYTES = 4 << 20;

  private static final int HEADER_BYTES = 10;
  private static final int REQUEST = 1;
  private static final int RESPONSE = 2;
  private static final int NOT_FOUND = 5;
  private static final int UNIMPLEMENTED = 12;

  private record Call(String method, CompletableFuture<ByteString> answer) {}

  private final Channel channel;
  private final ShimAddress address;
  private final Map<Integer, Call> open = new HashMap<>();
  private int nextStream = 1;

  ShimConnection(Channel channel, ShimAddress address) {
    this.channel = channel;
    this.address = address;
  }

  void addTo(ChannelPipeline pipeline) {
    pipeline.addLast(
        new LengthFieldBasedFrameDecoder(
            HEADER_BYTES + MAX_PAYLOAD_BYTES, 0, Integer.BYTES, HEADER_BYTES - Integer.BYTES, 0),
        this);
  }

  /**
   * Cancelled, the call is given up, and its answer is let go.
   *
   * @param service one of the address's
   */
  CompletableFuture<ByteString> call(String service, String method, ByteString payload) {
    int stream = nextStream;
    nextStream += 2;
    CompletableFuture<ByteString> answer = new CompletableFuture<>();
    if (!channel.isActive()) {
      answer.completeExceptionally(lost(method));
      return answer;
    }
    open.put(stream, new Call(method, answer));
    answer.whenComplete((done, failure) -> channel.eventLoop().execute(() -> open.remove(stream)));
    byte[] request =
        Request.newBuilder()
            .setService(service)
            .setMethod(method)
            .setPayload(payload)
            .build()
            .toByteArray();
    ByteBuf frame = channel.alloc().buffer(HEADER_BYTES + request.length);
    frame.writeInt(request.length).writeInt(stream).writeByte(REQUEST).writeByte(0);
    frame.writeBytes(request);
    channel.writeAndFlush(frame, channel.voidPromise());
    return answer;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf frame)
      throws InvalidProtocolBufferException {
    frame.skipBytes(Integer.BYTES);
    int stream = frame.readInt();
    int type = frame.readByte();
    frame.skipBytes(1);
    // Before the call is taken out: one that cannot be read must fail with the others.
    Response response = Response.parseFrom(frame.nioBuffer());
    if (type != RESPONSE) {
      // Nothing that we call has an answer in parts.
      throw new CorruptedFrameException("a frame of type " + type + " on stream " + stream);
    }
    Call call = open.remove(stream);
    if (call == null) {
      // It was given up.
      return;
    }
    Status status = response.getStatus();
    if (status.getCode() == 0) {
      call.answer.complete(response.getPayload());
    } else {
      call.answer.completeExceptionally(
          new RuntimeFailure(
              kind(status.getCode()),
              name(call.method) + ": code " + status.getCode() + ": " + status.getMessage()));
    }
  }

  private static Kind kind(int code) {
    return switch (code) {
      case NOT_FOUND -> Kind.NOT_FOUND;
      case UNIMPLEMENTED -> Kind.PERMANENT;
      default -> Kind.TRANSIENT;
    };
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    List<Call> lost = List.copyOf(open.values());
    open.clear();
    lost.forEach(call -> call.answer.completeExceptionally(lost(call.method)));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // No ttrpc, or no connection any more: either way nothing that comes can be trusted.
    context.close();
  }

  private RuntimeFailure lost(String method) {
    return new RuntimeFailure(Kind.TRANSIENT, name(method) + ": the connection is lost");
  }

  private String name(String method) {
    return "the shim's " + method + " at " + address.name();
  }
}
