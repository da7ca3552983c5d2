package io.statebridge.daemon.clients;

import com.google.protobuf.MessageLite;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.Optional;

/**
 * A call whose messages count from when they are sent until the client has taken them: an only
 * answer until the call is over, what streams until the transport is ready for more, which is when
 * 32 KiB are left. A call that was refused has ended for its client; what its service still sends
 * is dropped. Thread-safe, for a refusal may come at any time.
 */
final class BoundedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {

  private final CallHold hold;
  private final boolean streams;

  /** Of messages that are not known to be read. */
  private long sentBytes;

  /** What is sent is one answer, in parts if its method is one that streams. */
  private boolean answering;

  private boolean closed;
  private boolean refused;

  BoundedCall(ServerCall<Q, A> call, CallHold hold) {
    super(call);
    this.hold = hold;
    this.streams = call.getMethodDescriptor().getType() != MethodType.UNARY;
  }

  /**
   * Whether a service is answering a request just now. There was room when it began, and what it
   * has made is not thrown away if others began as well before any of them counted: a client that
   * reads, and asks for much at once, gets all of it.
   */
  synchronized void answering(boolean now) {
    answering = now;
  }

  synchronized boolean isRefused() {
    return refused;
  }

  synchronized void refuse(String why) {
    if (!closed) {
      closed = true;
      refused = true;
      super.close(Status.RESOURCE_EXHAUSTED.withDescription(why), new Metadata());
      hold.refused();
    }
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!closed) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(A message) {
    if (closed) {
      return;
    }
    long bytes = size(message);
    if (answering) {
      hold.mustHold(bytes);
    } else {
      Optional<String> exceeded = hold.hold(bytes);
      if (exceeded.isPresent()) {
        refuse(exceeded.get());
        return;
      }
    }
    sentBytes += bytes;
    super.sendMessage(message);
    letGoIfReady();
  }

  private static long size(Object message) {
    return message instanceof MessageLite proto
        ? proto.getSerializedSize()
        : message instanceof byte[] bytes ? bytes.length : 0;
  }

  /** Also when the client has taken what was sent. */
  synchronized void letGoIfReady() {
    if (streams && isReady()) {
      hold.take(sentBytes);
      sentBytes = 0;
    }
  }

  @Override
  public synchronized boolean isReady() {
    return !closed && super.isReady();
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (!closed) {
      closed = true;
      super.close(status, trailers);
    }
  }
}
