package io.statebridge.daemon.clients;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one call holds of its client's account, until it ends. Bytes that arrive when there is no
 * room for them end the call. Thread-safe.
 */
public final class CallHold {

  private static final Context.Key<CallHold> OF_THIS_CALL = Context.key("call-hold");

  private final Clients clients;

  @GuardedBy("this")
  private Clients.@Nullable Connection connection;

  @GuardedBy("this")
  private long bytes;

  private volatile Consumer<String> refuse = why -> {};
  private volatile Runnable whenRefused = () -> {};

  CallHold(Clients clients) {
    this.clients = clients;
  }

  Context in(Context context) {
    return context.withValue(OF_THIS_CALL, this);
  }

  /** Of the call in whose context this runs; null where there are no bounds. */
  static @Nullable CallHold ofThisCall() {
    return OF_THIS_CALL.get();
  }

  /**
   * A channel to containerd whose answers count for the call in whose context it is used, until
   * they are passed on. Where that call is refused, the one to containerd is given up.
   */
  public static Channel counting(Channel containerd) {
    return ClientInterceptors.intercept(containerd, new CountAnswers());
  }

  /** The call was refused. */
  void refused() {
    whenRefused.run();
  }

  /**
   * Opens the call; else what is exceeded, and the remedy.
   *
   * @param refuse ends the call
   */
  synchronized Optional<String> open(Clients.Connection of, Consumer<String> refuse) {
    Optional<String> refused = clients.open(of);
    if (refused.isEmpty()) {
      connection = of;
      this.refuse = refuse;
    }
    return refused;
  }

  synchronized void close() {
    if (connection != null) {
      clients.close(connection, bytes);
      connection = null;
      bytes = 0;
    }
  }

  /** Holds bytes that have arrived or are to be sent; else what is exceeded. */
  synchronized Optional<String> hold(long more) {
    Optional<String> refused =
        connection == null ? Optional.empty() : clients.hold(connection, more);
    if (refused.isEmpty()) {
      bytes += more;
    }
    return refused;
  }

  /** Holds bytes whatever there is room for. */
  synchronized void mustHold(long more) {
    if (connection != null) {
      clients.mustHold(connection, more);
      bytes += more;
    }
  }

  /** Waits until an answer may be begun; else what is exceeded. */
  Optional<String> awaitRoom() {
    Clients.Connection of;
    synchronized (this) {
      of = connection;
    }
    if (of == null) {
      return Optional.empty();
    }
    try {
      return clients.awaitRoom(of, () -> !Context.current().isCancelled());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("statebridge is shutting down");
    }
  }

  synchronized void take(long fewer) {
    if (connection != null) {
      long taken = Math.min(fewer, bytes);
      bytes -= taken;
      clients.taken(connection, taken);
    }
  }

  /** Bytes of the request have arrived. */
  void receive(long more) {
    if (!holdArrived(more)) {
      overrun(more);
    }
  }

  private boolean holdArrived(long more) {
    Optional<String> refused = hold(more);
    refused.ifPresent(refuse);
    return refused.isEmpty();
  }

  private synchronized void overrun(long more) {
    if (connection != null) {
      clients.overrun(connection, more);
    }
  }

  private static final class CountAnswers implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      CallHold hold = ofThisCall();
      if (hold == null) {
        return next.newCall(method, options);
      }
      ClientCall<Q, A> call =
          next.newCall(method, options.withStreamTracerFactory(hold.new Answers()));
      hold.whenRefused = () -> call.cancel("its caller was refused", null);
      return call;
    }
  }

  private final class Answers extends ClientStreamTracer.Factory {
    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new Answer();
    }
  }

  /** An answer of containerd that is on its way to the client. */
  private final class Answer extends ClientStreamTracer {

    private long held;

    @Override
    public void inboundWireSize(long more) {
      if (holdArrived(more)) {
        held += more;
      }
    }

    @Override
    public void inboundMessageRead(int number, long wireSize, long size) {
      letGo();
    }

    @Override
    public void streamClosed(Status status) {
      letGo();
    }

    private void letGo() {
      take(held);
      held = 0;
    }
  }
}
