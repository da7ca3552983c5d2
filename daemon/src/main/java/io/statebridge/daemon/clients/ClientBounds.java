package io.statebridge.daemon.clients;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Puts the bounds on clients between a server's transport and its services: the negotiator finds
 * who connects, the tracer counts what comes in, and the interceptor refuses calls and counts what
 * goes out. A refused call ends with RESOURCE_EXHAUSTED.
 */
public final class ClientBounds {

  static final Attributes.Key<Clients.Connection> CONNECTION =
      Attributes.Key.create("client-connection");

  /**
   * HTTP/2's own default; what a client has sent and no call has asked for is no more than that.
   */
  private static final int WINDOW_BYTES = 64 << 10;

  private static final int METADATA_BYTES = 8 << 10;

  /** A client that begins calls only to cancel them makes work that no other bound counts. */
  private static final int CANCELS = 2048;

  private static final int CANCELS_WITHIN_SECONDS = 10;

  /** Nobody waits for an answer on a connection without a call, and a client makes a new one. */
  private static final long IDLE_MINUTES = 15;

  private final Clients clients;
  private final ClientLimits limits;

  public ClientBounds(ClientLimits limits) {
    this.limits = limits;
    this.clients = new Clients(limits, System::nanoTime);
  }

  /** Puts them on a server that is yet to be built; its other interceptors were added before. */
  public NettyServerBuilder on(NettyServerBuilder server) {
    return server
        .protocolNegotiator(new ClientNegotiator(clients))
        .maxConcurrentCallsPerConnection(limits.connection().calls())
        .flowControlWindow(WINDOW_BYTES)
        .maxInboundMetadataSize(METADATA_BYTES)
        .maxRstFramesPerWindow(CANCELS, CANCELS_WITHIN_SECONDS)
        .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES)
        .addStreamTracerFactory(new Requests())
        .intercept(new Calls());
  }

  /** Counts what arrives of requests. */
  private final class Requests extends ServerStreamTracer.Factory {
    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
      return new RequestTracer(new CallHold(clients));
    }
  }

  private static final class RequestTracer extends ServerStreamTracer {
    private final CallHold hold;
    private boolean manyRequests;

    RequestTracer(CallHold hold) {
      this.hold = hold;
    }

    @Override
    public Context filterContext(Context context) {
      return hold.in(context);
    }

    @Override
    public void serverCallStarted(ServerCallInfo<?, ?> call) {
      MethodType type = call.getMethodDescriptor().getType();
      manyRequests = type == MethodType.BIDI_STREAMING || type == MethodType.CLIENT_STREAMING;
    }

    @Override
    public void inboundWireSize(long bytes) {
      hold.receive(bytes);
    }

    /** A single request is needed until its call ends; of many each is handled before the next. */
    @Override
    public void inboundMessageRead(int number, long wireSize, long size) {
      if (manyRequests) {
        hold.take(wireSize);
      }
    }
  }

  /** Opens and closes calls. */
  private final class Calls implements ServerInterceptor {

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      CallHold hold = CallHold.ofThisCall();
      Clients.Connection connection = call.getAttributes().get(CONNECTION);
      if (hold == null || connection == null) {
        throw new IllegalStateException("a call without bounds: " + call.getMethodDescriptor());
      }
      BoundedCall<Q, A> bounded = new BoundedCall<>(call, hold);
      Optional<String> refused = hold.open(connection, bounded::refuse);
      if (refused.isPresent()) {
        bounded.refuse(refused.get());
        return new ServerCall.Listener<>() {};
      }
      try {
        return new BoundedListener<>(bounded, hold, next.startCall(bounded, headers));
      } catch (RuntimeException | Error e) {
        hold.close();
        throw e;
      }
    }
  }

  private static final class BoundedListener<Q, A> extends SimpleForwardingServerCallListener<Q> {
    private final BoundedCall<Q, A> call;
    private final CallHold hold;

    BoundedListener(BoundedCall<Q, A> call, CallHold hold, ServerCall.Listener<Q> delegate) {
      super(delegate);
      this.call = call;
      this.hold = hold;
    }

    /**
     * The request is complete, and a service begins to make the answer. It does so on a processor
     * of its own until the answer is sent and counts, so few answers are made beyond the bound.
     */
    @Override
    public void onHalfClose() {
      Optional<String> refused = hold.awaitRoom();
      if (refused.isPresent()) {
        call.refuse(refused.get());
      } else {
        call.answering(true);
        super.onHalfClose();
        call.answering(false);
      }
    }

    @Override
    public void onReady() {
      call.letGoIfReady();
      super.onReady();
    }

    @Override
    public void onComplete() {
      hold.close();
      if (call.isRefused()) {
        super.onCancel();
      } else {
        super.onComplete();
      }
    }

    @Override
    public void onCancel() {
      hold.close();
      super.onCancel();
    }
  }
}
