package io.statebridge.daemon.rpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the text of a status, which may repeat what a client sent: it is a header, and a client
 * that gets more than its limit of headers (8 KiB by default in Java) sees that failure and not
 * ours. What containerd says to a forwarded call is passed on as it is.
 */
final class ShortStatuses implements ServerInterceptor {

  /** As the text is sent: percent-encoded, but for printable ASCII. */
  static final int MAX_ENCODED_BYTES = 2048;

  private static final String CUT = "...";

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (call.getMethodDescriptor().getType() == MethodType.UNKNOWN) {
      return next.startCall(call, headers);
    }
    return next.startCall(
        new SimpleForwardingServerCall<Q, A>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            super.close(status.withDescription(cut(status.getDescription())), trailers);
          }
        },
        headers);
  }

  static @Nullable String cut(@Nullable String text) {
    if (text == null) {
      return null;
    }
    int bytes = 0;
    int fits = 0;
    for (int at = 0; at < text.length(); ) {
      int next = text.offsetByCodePoints(at, 1);
      bytes += encodedBytes(text.substring(at, next));
      if (bytes > MAX_ENCODED_BYTES) {
        return text.substring(0, fits) + CUT;
      }
      if (bytes <= MAX_ENCODED_BYTES - CUT.length()) {
        fits = next;
      }
      at = next;
    }
    return text;
  }

  private static int encodedBytes(String character) {
    char first = character.charAt(0);
    boolean isPlain = first >= ' ' && first < 0x7f && first != '%';
    return isPlain ? 1 : 3 * character.getBytes(StandardCharsets.UTF_8).length;
  }
}
