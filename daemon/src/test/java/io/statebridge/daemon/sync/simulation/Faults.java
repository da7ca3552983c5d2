package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Faults that wait for their call or event. Each happens soon or never. */
final class Faults {

  private static final long LASTS_NANOS = 60_000_000_000L;

  private final World world;
  private final List<Step> armed = new ArrayList<>();
  private final List<Long> left = new ArrayList<>();
  final Map<String, Integer> injected = new TreeMap<>();

  Faults(World world) {
    this.world = world;
  }

  void arm(Step step) {
    armed.add(step);
    left.add(step.op() == Op.FAULT_CALL ? Math.max(1, step.arg2()) : 1);
  }

  void clear() {
    armed.clear();
    left.clear();
  }

  void count(String kind) {
    injected.merge(kind, 1, Integer::sum);
  }

  /** The fault that this call has; null for none. */
  @Nullable Step call(String name, @Nullable ContainerId id) {
    Step step = take(name, Op.FAULT_CALL, id);
    if (step != null) {
      count(step.fault().name());
    }
    return step;
  }

  /** Whether this event has a fault of the kind. */
  @Nullable Step event(Op op, @Nullable ContainerId id) {
    Step step = take("", op, id);
    if (step != null) {
      count(op.name());
    }
    return step;
  }

  private @Nullable Step take(String call, Op op, @Nullable ContainerId id) {
    Iterator<Step> all = armed.iterator();
    for (int i = 0; all.hasNext(); i++) {
      Step step = all.next();
      if (step.atNanos() + LASTS_NANOS < world.time.nowNanos()) {
        all.remove();
        left.remove(i);
        i--;
      } else if (step.op() == op && step.call().equals(call) && concerns(step, id)) {
        left.set(i, left.get(i) - 1);
        if (left.get(i) <= 0) {
          all.remove();
          left.remove(i);
        }
        return step;
      }
    }
    return null;
  }

  private boolean concerns(Step step, @Nullable ContainerId id) {
    if (step.slot() < 0 || id == null) {
      return true;
    }
    LedgerContainer current = world.node.current(step.slot());
    return current != null && current.id.equals(id);
  }
}
