package io.statebridge.daemon.stream;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import org.jspecify.annotations.Nullable;

/**
 * Lets a stream send its headers when it is registered, so that its client knows that it is. By
 * itself gRPC sends them with the first message, which may be hours away.
 */
public final class EarlyHeaders implements ServerInterceptor {

  private static final Context.Key<Runnable> SEND = Context.key("send-headers");

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (call.getMethodDescriptor().getType() != MethodType.SERVER_STREAMING) {
      return next.startCall(call, headers);
    }
    OneHeader<Q, A> once = new OneHeader<>(call);
    Context context = Context.current().withValue(SEND, () -> once.sendHeaders(new Metadata()));
    return Contexts.interceptCall(context, once, headers, next);
  }

  /**
   * What sends the headers of the call in whose service method this is called. It is to run in turn
   * with whatever else writes to the call.
   */
  static Runnable ofThisCall() {
    @Nullable Runnable send = SEND.get();
    return send == null ? () -> {} : send;
  }

  /** The stub sends headers with the first message whether they were sent or not. */
  private static final class OneHeader<Q, A> extends SimpleForwardingServerCall<Q, A> {

    private boolean sent;

    OneHeader(ServerCall<Q, A> call) {
      super(call);
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (!sent) {
        sent = true;
        super.sendHeaders(headers);
      }
    }
  }
}
