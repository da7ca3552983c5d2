package io.statebridge.daemon.sync.simulation;

/**
 * One step of a schedule.
 *
 * @param at in milliseconds of the monotonic clock
 * @param slot which container, -1 where that means nothing
 * @param arg see {@link Op}
 * @param arg2 see {@link Op}
 * @param call the call that a fault is for, else empty
 * @param fault of a call, NONE as TRANSIENT where it means nothing
 */
record Step(double at, Op op, int slot, long arg, long arg2, String call, CallFault fault) {

  static Step of(double at, Op op, int slot) {
    return of(at, op, slot, 0, 0);
  }

  static Step of(double at, Op op, int slot, long arg, long arg2) {
    return new Step(at, op, slot, arg, arg2, "", CallFault.TRANSIENT);
  }

  static Step fault(double at, String call, CallFault fault, int slot, long arg, long count) {
    return new Step(at, Op.FAULT_CALL, slot, arg, count, call, fault);
  }

  long atNanos() {
    return (long) (at * 1e6);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("%10.3f s  %s".formatted(at / 1000, op));
    if (slot >= 0) {
      text.append(" #").append(slot);
    }
    if (op == Op.FAULT_CALL) {
      text.append(' ').append(call).append(' ').append(fault);
    }
    if (arg != 0 || arg2 != 0) {
      text.append(' ').append(arg);
    }
    if (arg2 != 0) {
      text.append(' ').append(arg2);
    }
    return text.toString();
  }
}
