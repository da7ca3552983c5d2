package io.statebridge.simulator;

import io.grpc.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is to go wrong with calls. A call is named by its service and method, such as {@code
 * Tasks/Delete}, or {@code Shim/Wait}. Thread-safe.
 */
public final class Faults {

  /** What becomes of one call. */
  sealed interface Verdict {
    record Proceed(Duration delay) implements Verdict {}

    record Fail(Status status) implements Verdict {}

    /** Never answered: the caller's deadline ends it. */
    record Hang() implements Verdict {}
  }

  private static final Verdict AT_ONCE = new Verdict.Proceed(Duration.ZERO);

  private final Map<String, Verdict> ofCall = new HashMap<>();
  private final Map<String, Verdict> ofContainer = new HashMap<>();
  private final Map<String, Integer> failuresLeft = new HashMap<>();

  Faults() {}

  /** The next {@code times} such calls fail. */
  public synchronized void failNext(String call, int times, Status status) {
    failuresLeft.put(call, times);
    ofCall.put(call, new Verdict.Fail(status));
  }

  public synchronized void failAlways(String call, Status status) {
    failuresLeft.remove(call);
    ofCall.put(call, new Verdict.Fail(status));
  }

  /** Such calls fail for one container only. */
  public synchronized void failFor(String call, String namespace, String id, Status status) {
    ofContainer.put(call + " " + new Key(namespace, id), new Verdict.Fail(status));
  }

  /** Such calls are never answered. */
  public synchronized void hang(String call) {
    ofCall.put(call, new Verdict.Hang());
  }

  /** Such calls are not answered for one container. */
  public synchronized void hangFor(String call, String namespace, String id) {
    ofContainer.put(call + " " + new Key(namespace, id), new Verdict.Hang());
  }

  /** Such calls are carried out, and answered, so much later. */
  public synchronized void delay(String call, Duration by) {
    ofCall.put(call, new Verdict.Proceed(by));
  }

  /** Nothing goes wrong with calls any more. */
  public synchronized void heal() {
    ofCall.clear();
    ofContainer.clear();
    failuresLeft.clear();
  }

  synchronized Verdict judge(String call, @Nullable Key key) {
    Verdict own = key == null ? null : ofContainer.get(call + " " + key);
    if (own != null) {
      return own;
    }
    Verdict verdict = ofCall.getOrDefault(call, AT_ONCE);
    Integer left = failuresLeft.get(call);
    if (left != null && left <= 1) {
      failuresLeft.remove(call);
      ofCall.remove(call);
    } else if (left != null) {
      failuresLeft.put(call, left - 1);
    }
    return verdict;
  }
}
