package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One call under way: the way there, the effect, the way back, and a deadline over all of it. */
final class Call<T extends @Nullable Object> {

  private static final long MILLI = 1_000_000;

  private final World world;
  private final DaemonLife life;
  private final String name;
  private final String about;
  private final long deadlineNanos;
  private final int incarnation;
  private final CompletableFuture<T> answer = new CompletableFuture<>();

  final @Nullable Step fault;

  /** How much longer the answer needs. */
  long extraNanos;

  /** Hears of an answer at the moment when the daemon has it. */
  Consumer<T> onTold = told -> {};

  Call(World world, DaemonLife life, String name, @Nullable ContainerId id, long deadlineNanos) {
    this.world = world;
    this.life = life;
    this.name = name;
    this.about = name + (id == null ? "" : " " + id);
    this.deadlineNanos = deadlineNanos;
    this.incarnation = world.containerd.incarnation;
    this.fault = world.faults.call(name, id);
  }

  boolean is(CallFault kind) {
    return fault != null && fault.fault() == kind;
  }

  /** The failure of a call that a shim does not let end. */
  RuntimeFailure timeout() {
    extraNanos = deadlineNanos;
    return new RuntimeFailure(Kind.TRANSIENT, name + ": deadline exceeded");
  }

  CompletionStage<T> make(Supplier<T> effect) {
    world.oracle.called(about);
    if (!world.containerd.up) {
      failAfter(world.leg("refused", about), Kind.UNREACHABLE, "containerd is away");
      return answer;
    }
    Runnable cut = () -> fail(new RuntimeFailure(Kind.UNREACHABLE, "containerd went away"));
    world.containerd.onStop(cut);
    answer.whenComplete((told, failure) -> world.containerd.forget(cut));
    SimulatedTime.Event deadline = world.time.after(deadlineNanos, () -> fail(timeout()));
    answer.whenComplete((told, failure) -> deadline.cancel());
    switch (fault == null ? CallFault.STALE : fault.fault()) {
      case TRANSIENT -> failAfter(there(), Kind.TRANSIENT, "injected");
      case UNREACHABLE -> failAfter(there(), Kind.UNREACHABLE, "injected");
      case PERMANENT -> failAfter(there(), Kind.PERMANENT, "injected");
      case HANG -> {}
      case LOST_ANSWER, STALE, UNKNOWN_STATUS, OMITTED ->
          world.time.after(there(), () -> take(effect));
    }
    return answer;
  }

  private long there() {
    return world.leg("call", about);
  }

  private void take(Supplier<T> effect) {
    if (answer.isDone() || incarnation != world.containerd.incarnation) {
      return;
    }
    long back = world.leg("answer", about);
    if (fault != null && fault.fault() == CallFault.STALE) {
      back += fault.arg() * MILLI;
    }
    try {
      T made = effect.get();
      if (!is(CallFault.LOST_ANSWER)) {
        world.time.after(back + extraNanos, () -> complete(made));
      }
    } catch (RuntimeFailure e) {
      if (!is(CallFault.LOST_ANSWER)) {
        world.time.after(back + extraNanos, () -> fail(e));
      }
    }
  }

  private void complete(T made) {
    if (answer.isDone() || life.dead()) {
      return;
    }
    world.trace.add("answer", about, ": ", made);
    onTold.accept(made);
    answer.complete(made);
  }

  private void failAfter(long nanos, Kind kind, String why) {
    world.time.after(nanos, () -> fail(new RuntimeFailure(kind, name + ": " + why)));
  }

  private void fail(RuntimeFailure why) {
    if (!answer.isDone() && !life.dead()) {
      world.trace.add("answer", about, " fails: ", why.kind());
      answer.completeExceptionally(why);
    }
  }
}
