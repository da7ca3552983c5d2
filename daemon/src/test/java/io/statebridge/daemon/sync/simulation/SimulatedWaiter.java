package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Waits at shims, which work while containerd is away, or through containerd, which do not. */
final class SimulatedWaiter implements ExitWaiter {

  private static final long SHIM_NANOS = 5_000_000_000L;

  private final World world;
  private final DaemonLife life;
  private final ExitSource source;

  SimulatedWaiter(World world, DaemonLife life, ExitSource source) {
    this.world = world;
    this.life = life;
    this.source = source;
  }

  @Override
  public ExitSource source() {
    return source;
  }

  @Override
  public Wait open(ContainerId id, long pid, String bundle) {
    OpenWait wait = new OpenWait(id, pid);
    boolean atShim = source == ExitSource.SHIM;
    if (atShim && !bundle.equals(Node.bundle(id))) {
      wait.fail(Kind.TRANSIENT, "no bundle");
    } else if (!atShim && !world.containerd.up) {
      wait.fail(Kind.UNREACHABLE, "containerd is away");
    } else {
      world.time.after(world.leg("wait", source + " " + id), wait::ask);
    }
    return wait;
  }

  private final class OpenWait implements Wait {
    private final ContainerId id;
    private final long pid;
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();
    private final Runnable onStop = this::goneAway;
    private boolean closed;

    OpenWait(ContainerId id, long pid) {
      this.id = id;
      this.pid = pid;
    }

    private void goneAway() {
      fail(Kind.UNREACHABLE, "containerd went away");
    }

    void ask() {
      if (over()) {
        return;
      }
      boolean atShim = source == ExitSource.SHIM;
      if (!atShim) {
        if (!world.containerd.up) {
          fail(Kind.UNREACHABLE, "containerd is away");
          return;
        }
        world.containerd.onStop(onStop);
        exit.whenComplete((told, failure) -> world.containerd.forget(onStop));
      }
      Step fault = world.faults.call(source + " wait", id);
      if (fault != null) {
        fail(Kind.TRANSIENT, "injected");
        return;
      }
      LedgerRun run = world.ledger.task(id);
      if (run == null || run.shim.dead || (!atShim && world.ledger.existing(id) == null)) {
        fail(atShim ? Kind.TRANSIENT : Kind.NOT_FOUND, "no such task");
      } else if (run.shim.hangs(world.time.nowNanos())) {
        world.time.after(SHIM_NANOS, () -> fail(Kind.TRANSIENT, "the shim does not answer"));
      } else if (run.pid != pid) {
        fail(Kind.NOT_FOUND, "another process");
      } else if (run.lives()) {
        run.waiters.add(
            new LedgerRun.Waiting() {
              @Override
              public void ended() {
                OpenWait.this.ended(run);
              }

              @Override
              public void broken() {
                fail(Kind.TRANSIENT, "the connection broke");
              }
            });
      } else {
        ended(run);
      }
    }

    private void ended(LedgerRun run) {
      if (world.faults.event(Op.LOSE_WAIT, id) != null) {
        world.oracle.waitFailed(id, pid);
      } else {
        world.time.after(world.leg("waited", source + " " + id), () -> tell(run));
      }
    }

    private void tell(LedgerRun run) {
      @Nullable Exit told = run.exit(source);
      if (over() || told == null) {
        return;
      }
      world.trace.add("wait", source, " tells ", run);
      world.oracle.toldNow(run, pid, "a Wait");
      exit.complete(told);
    }

    private boolean over() {
      return closed || life.dead() || exit.isDone();
    }

    void fail(Kind kind, String why) {
      if (!over()) {
        world.oracle.waitFailed(id, pid);
        world.trace.add("wait", source, " of ", id, " fails: ", why);
        exit.completeExceptionally(new RuntimeFailure(kind, why));
      }
    }

    @Override
    public CompletionStage<Exit> exit() {
      return exit;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
