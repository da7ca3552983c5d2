package io.statebridge.simulator;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How every call is answered: counted, in the namespace that its header names, and with the faults
 * that were asked for. Thread-safe.
 */
final class Calls implements ServerInterceptor {

  private static final Metadata.Key<String> NAMESPACE_HEADER =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> NAMESPACE = Context.key("containerd-namespace");

  private final Faults faults;
  private final Stopped stopped;
  private final ScheduledExecutorService timer;
  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

  Calls(Faults faults, Stopped stopped, ScheduledExecutorService timer) {
    this.faults = faults;
    this.stopped = stopped;
    this.timer = timer;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    count(nameOf(call));
    Context context = Context.current().withValue(NAMESPACE, headers.get(NAMESPACE_HEADER));
    return Contexts.interceptCall(context, call, headers, next);
  }

  /** Such as Tasks/Delete. */
  private static String nameOf(ServerCall<?, ?> call) {
    String full = call.getMethodDescriptor().getFullMethodName();
    return full.substring(full.lastIndexOf('.') + 1);
  }

  Map<String, Long> counts() {
    Map<String, Long> copy = new TreeMap<>();
    counts.forEach((name, count) -> copy.put(name, count.sum()));
    return copy;
  }

  /** The namespace of the call under way; containerd answers no call without one. */
  static String namespace() {
    String namespace = NAMESPACE.get();
    if (namespace == null || namespace.isEmpty()) {
      throw Status.FAILED_PRECONDITION
          .withDescription("namespace is required: failed precondition")
          .asRuntimeException();
    }
    return namespace;
  }

  /** Answers a call that needs no namespace. */
  <A> void answer(String call, StreamObserver<A> observer, Supplier<A> work) {
    atContainerd(call, null, failing(observer), () -> send(observer, work));
  }

  /** Answers a call in a namespace. */
  <A> void answer(String call, StreamObserver<A> observer, Function<String, A> work) {
    inNamespace(
        observer,
        namespace ->
            atContainerd(
                call, null, failing(observer), () -> send(observer, () -> work.apply(namespace))));
  }

  /** Answers a call in a namespace with as many messages as there are. */
  <A> void answerAll(
      String call, StreamObserver<A> observer, Function<String, ? extends Iterable<A>> work) {
    inNamespace(
        observer,
        namespace ->
            atContainerd(
                call,
                null,
                failing(observer),
                () -> {
                  work.apply(namespace).forEach(observer::onNext);
                  observer.onCompleted();
                }));
  }

  /** Answers a call about one container. */
  <A> void answer(String call, String id, StreamObserver<A> observer, Function<Key, A> work) {
    about(call, id, observer, key -> send(observer, () -> work.apply(key)));
  }

  /** A call about one container whose answer the work itself sends, maybe later. */
  void about(String call, String id, StreamObserver<?> observer, Consumer<Key> work) {
    inNamespace(
        observer,
        namespace -> {
          Key key = new Key(namespace, id);
          atContainerd(call, key, failing(observer), () -> work.accept(key));
        });
  }

  /** A call at a shim, named Shim/ and the method. */
  void atShim(String method, Key key, Consumer<Status> fail, Runnable work) {
    String call = "Shim/" + method;
    count(call);
    stopped.atShim(key, () -> judge(call, key, fail, work));
  }

  /** Whether a task's shim does not answer. */
  boolean isShimStopped(Key task) {
    return stopped.isShimStopped(task);
  }

  /** What containerd is asked of a task, it asks the task's shim. */
  private void atContainerd(
      String call, @Nullable Key key, Consumer<Status> fail, Runnable proceed) {
    Runnable judged = () -> judge(call, key, fail, proceed);
    if (key != null && call.startsWith("Tasks/")) {
      stopped.atContainerd(() -> stopped.atShim(key, judged));
    } else {
      stopped.atContainerd(judged);
    }
  }

  private static Consumer<Status> failing(StreamObserver<?> observer) {
    return status -> observer.onError(status.asRuntimeException());
  }

  private void count(String call) {
    counts.computeIfAbsent(call, name -> new LongAdder()).increment();
  }

  private static void inNamespace(StreamObserver<?> observer, Consumer<String> work) {
    String namespace;
    try {
      namespace = namespace();
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    work.accept(namespace);
  }

  private void judge(String call, @Nullable Key key, Consumer<Status> fail, Runnable proceed) {
    switch (faults.judge(call, key)) {
      case Faults.Verdict.Hang hang -> {}
      case Faults.Verdict.Fail failure -> fail.accept(failure.status());
      case Faults.Verdict.Proceed p when p.delay().isZero() -> proceed.run();
      case Faults.Verdict.Proceed p ->
          timer.schedule(proceed, p.delay().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private static <A> void send(StreamObserver<A> observer, Supplier<A> work) {
    A answer;
    try {
      answer = work.get();
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }
}
