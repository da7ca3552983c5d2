package io.statebridge.daemon.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a request that is no message of its method, or holds a string that is not UTF-8, with
 * INVALID_ARGUMENT. gRPC's server parses a request before any interceptor sees it: a failure there
 * is UNKNOWN to the client and a stack trace in the log. So the interceptor takes the bytes, and
 * the parsing is moved behind it.
 */
final class MalformedRequests implements ServerInterceptor {

  private static final Logger log = LoggerFactory.getLogger(MalformedRequests.class);

  private MalformedRequests() {}

  /** The same service, with its malformed requests refused. */
  static ServerServiceDefinition refusedBy(ServerServiceDefinition service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(service), new MalformedRequests());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new Parsing<>(call, next.startCall(call, headers));
  }

  private static final class Parsing<Q> extends SimpleForwardingServerCallListener<Q> {

    private final ServerCall<Q, ?> call;
    private boolean refused;

    Parsing(ServerCall<Q, ?> call, ServerCall.Listener<Q> service) {
      super(service);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      try {
        super.onMessage(message);
      } catch (StatusRuntimeException e) {
        if (!(e.getCause() instanceof InvalidProtocolBufferException problem)) {
          throw e;
        }
        refuse(String.valueOf(problem.getMessage()));
      }
    }

    private void refuse(String problem) {
      refused = true;
      String method = call.getMethodDescriptor().getFullMethodName();
      log.info("{}: refusing a request that cannot be parsed: {}", method, problem);
      call.close(
          Status.INVALID_ARGUMENT.withDescription("the request cannot be parsed: " + problem),
          new Metadata());
    }

    /** The service has not got the request, and would close the call again for that. */
    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }
  }
}
