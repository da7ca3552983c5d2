package io.statebridge.daemon.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a request that is no message of its method, or holds a string that is not UTF-8, with
 * INVALID_ARGUMENT. gRPC's server parses a request before any interceptor sees it: a failure there
 * is UNKNOWN to the client and a stack trace in the log. So the parser here hands the failure on as
 * if it were the request, and the interceptor behind it refuses that.
 */
final class MalformedRequests implements ServerInterceptor {

  private static final Logger log = LoggerFactory.getLogger(MalformedRequests.class);

  /** Stands in for a request. */
  private record Malformed(String problem) {}

  private MalformedRequests() {}

  /** The same service, with its malformed requests refused. */
  static ServerServiceDefinition refusedBy(ServerServiceDefinition service) {
    var methods = service.getMethods().stream().map(MalformedRequests::parsingAll).toList();
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder refusing = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(refusing::addMethod);
    return ServerInterceptors.intercept(refusing.build(), new MalformedRequests());
  }

  private static <Q, A> ServerMethodDefinition<Q, A> parsingAll(
      ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        descriptor.toBuilder().setRequestMarshaller(new Parser<>(descriptor)).build(),
        method.getServerCallHandler());
  }

  private record Parser<Q>(Marshaller<Q> messages) implements Marshaller<Q> {

    Parser(MethodDescriptor<Q, ?> method) {
      this(method.getRequestMarshaller());
    }

    @Override
    public InputStream stream(Q request) {
      return messages.stream(request);
    }

    @Override
    @SuppressWarnings("unchecked") // Only the interceptor gets it, which asks for its class.
    public Q parse(InputStream bytes) {
      try {
        return messages.parse(bytes);
      } catch (StatusRuntimeException e) {
        if (e.getCause() instanceof InvalidProtocolBufferException problem) {
          return (Q) new Malformed(String.valueOf(problem.getMessage()));
        }
        throw e;
      }
    }
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new Requests<>(call, next.startCall(call, headers));
  }

  private static final class Requests<Q> extends SimpleForwardingServerCallListener<Q> {

    private final ServerCall<Q, ?> call;
    private boolean refused;

    Requests(ServerCall<Q, ?> call, ServerCall.Listener<Q> service) {
      super(service);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (message instanceof Malformed malformed) {
        refuse(malformed.problem());
      } else {
        super.onMessage(message);
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
