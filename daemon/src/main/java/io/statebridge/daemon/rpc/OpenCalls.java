package io.statebridge.daemon.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The calls that stay open, so that going down can tell each of them. Thread-safe. */
final class OpenCalls {

  /** A call that stays open until the client, the container or the daemon ends it. */
  interface OpenCall {
    void end(StatusRuntimeException why);
  }

  private final Set<OpenCall> calls = ConcurrentHashMap.newKeySet();
  private volatile boolean goingDown;

  void add(OpenCall call) {
    calls.add(call);
    if (goingDown) {
      call.end(goingDownStatus());
    }
  }

  void remove(OpenCall call) {
    calls.remove(call);
  }

  int size() {
    return calls.size();
  }

  void endAll() {
    goingDown = true;
    calls.forEach(call -> call.end(goingDownStatus()));
  }

  private static StatusRuntimeException goingDownStatus() {
    return Status.UNAVAILABLE.withDescription("statebridge is shutting down").asRuntimeException();
  }
}
