package io.statebridge.daemon.clients;

import io.grpc.Attributes;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.ProtocolNegotiationEvent;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AsciiString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens an account for each connection, by the user whose process it is: the kernel tells. There is
 * no public interface of gRPC for that; a negotiator is where attributes of calls come from.
 */
final class ClientNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {

  private static final Logger log = LoggerFactory.getLogger(ClientNegotiator.class);

  private static final int UNKNOWN = -1;

  private static final long CLOSE_AFTER_MILLIS = 100;

  private final Clients clients;
  private final InternalProtocolNegotiator.ProtocolNegotiator plaintext =
      InternalProtocolNegotiators.serverPlaintext();

  ClientNegotiator(Clients clients) {
    this.clients = clients;
  }

  @Override
  public AsciiString scheme() {
    return plaintext.scheme();
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler http2) {
    return new Identify(http2);
  }

  @Override
  public void close() {
    plaintext.close();
  }

  private final class Identify extends ChannelInboundHandlerAdapter {
    private final GrpcHttp2ConnectionHandler http2;

    Identify(GrpcHttp2ConnectionHandler http2) {
      this.http2 = http2;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (!(event instanceof ProtocolNegotiationEvent negotiation)) {
        context.fireUserEventTriggered(event);
        return;
      }
      Clients.Connection connection = connect(context.channel());
      context.channel().closeFuture().addListener(done -> clients.disconnected(connection));
      Attributes attributes =
          InternalProtocolNegotiationEvent.getAttributes(negotiation).toBuilder()
              .set(ClientBounds.CONNECTION, connection)
              .build();
      context.pipeline().replace(this, null, plaintext.newHandler(http2));
      context.fireUserEventTriggered(
          InternalProtocolNegotiationEvent.withAttributes(negotiation, attributes));
    }

    private Clients.Connection connect(Channel channel) {
      int uid = UNKNOWN;
      String name = "an unknown process";
      try {
        PeerCredentials peer = ((EpollDomainSocketChannel) channel).peerCredentials();
        uid = peer.uid();
        name = "process %d, uid %d".formatted(peer.pid(), uid);
      } catch (IOException e) {
        log.warn("cannot tell whose a connection is: {}", e.toString());
      }
      return clients.connected(uid, name, why -> closeLater(channel, why));
    }

    /** By then the client has made a call, whose status says why. */
    private void closeLater(Channel channel, String why) {
      channel
          .eventLoop()
          .schedule(() -> close(channel, why), CLOSE_AFTER_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Without the grace that HTTP/2's own close gives to open calls. */
    private void close(Channel channel, String why) {
      ChannelHandlerContext context = channel.pipeline().context(http2);
      if (context == null) {
        channel.close();
        return;
      }
      http2.goAway(
          context,
          http2.connection().remote().lastStreamCreated(),
          Http2Error.ENHANCE_YOUR_CALM.code(),
          Unpooled.copiedBuffer(why, StandardCharsets.UTF_8),
          context.newPromise());
      context.flush();
      context.close();
    }
  }
}
