package io.statebridge.simulator;

import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The processes that are stopped, as by SIGSTOP: their connections stay open, and what they have to
 * do is done when they go on. containerd is one of them, and each task's shim. Thread-safe.
 */
final class Stopped {

  private static final Object CONTAINERD = "containerd";

  // Guarded by this.
  private final Map<Object, List<Runnable>> waiting = new HashMap<>();

  void stopContainerd() {
    stop(CONTAINERD);
  }

  void continueContainerd() {
    goOn(CONTAINERD);
  }

  void stopShim(Key task) {
    stop(task);
  }

  void continueShim(Key task) {
    goOn(task);
  }

  synchronized boolean isShimStopped(Key task) {
    return waiting.containsKey(task);
  }

  /** Work of containerd's. */
  void atContainerd(Runnable work) {
    run(CONTAINERD, work);
  }

  /** Work of a shim's. */
  void atShim(Key task, Runnable work) {
    run(task, work);
  }

  private synchronized void stop(Object process) {
    waiting.putIfAbsent(process, new ArrayList<>());
  }

  private void goOn(Object process) {
    List<Runnable> work;
    synchronized (this) {
      work = waiting.remove(process);
    }
    if (work != null) {
      work.forEach(Stopped::runForWhoMayHaveLeft);
    }
  }

  private void run(Object process, Runnable work) {
    synchronized (this) {
      List<Runnable> queue = waiting.get(process);
      if (queue != null) {
        queue.add(work);
        return;
      }
    }
    work.run();
  }

  private static void runForWhoMayHaveLeft(Runnable work) {
    try {
      work.run();
    } catch (StatusRuntimeException e) {
      // The caller's deadline has passed meanwhile.
    }
  }
}
