package io.statebridge.daemon.stream;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The calls that stay open, so that going down can tell each of them. Thread-safe. */
public final class OpenCalls {

  /** A call that stays open until the client, the container or the daemon ends it. */
  public interface OpenCall {
    void end(StatusRuntimeException why);
  }

  private final Set<OpenCall> calls = ConcurrentHashMap.newKeySet();
  private volatile boolean goingDown;

  public void add(OpenCall call) {
    calls.add(call);
    if (goingDown) {
      call.end(goingDownStatus());
    }
  }

  public void remove(OpenCall call) {
    calls.remove(call);
  }

  public int size() {
    return calls.size();
  }

  public void endAll() {
    goingDown = true;
    calls.forEach(call -> call.end(goingDownStatus()));
  }

  private static StatusRuntimeException goingDownStatus() {
    return Status.UNAVAILABLE.withDescription("statebridge is shutting down").asRuntimeException();
  }
}
