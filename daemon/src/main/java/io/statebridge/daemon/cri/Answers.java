package io.statebridge.daemon.cri;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.Supplier;

/** Ends a call with what some work comes to, be it messages or a status. */
final class Answers {

  private Answers() {}

  static <R> void one(StreamObserver<R> out, Supplier<R> work) {
    all(out, () -> List.of(work.get()));
  }

  static <R> void all(StreamObserver<R> out, Supplier<List<R>> work) {
    if (out instanceof ServerCallStreamObserver<R> call) {
      // Without a handler, answering a caller that has left would throw.
      call.setOnCancelHandler(() -> {});
    }
    List<R> responses;
    try {
      responses = work.get();
    } catch (StatusRuntimeException e) {
      out.onError(e);
      return;
    }
    responses.forEach(out::onNext);
    out.onCompleted();
  }
}
