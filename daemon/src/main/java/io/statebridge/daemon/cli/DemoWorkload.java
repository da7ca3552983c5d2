package io.statebridge.daemon.cli;

import io.statebridge.simulator.SimulatedContainerd;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Containers that come, run for a while and exit, and a containerd that goes down for a second in
 * the middle of it. All of it happens on one thread, which it owns.
 */
final class DemoWorkload implements AutoCloseable {

  static final String NAMESPACE = "demo";
  static final Duration OUTAGE = Duration.ofSeconds(1);

  private static final int[] CODES = {0, 0, 0, 1, 7, 137, 143};
  private static final int SHORTEST_RUN_MILLIS = 200;
  private static final int LONGEST_RUN_MILLIS = 3000;
  private static final int EXITED_SHOWN_MILLIS = 700;
  private static final Map<String, String> LABELS = Map.of("example.com/part-of", "demo");

  private final SimulatedContainerd containerd;
  private final ExitTally tally;

  /** A step that comes when all is over is let go. */
  private final ScheduledThreadPoolExecutor thread =
      new ScheduledThreadPoolExecutor(
          1,
          Thread.ofPlatform().name("demo-workload").daemon().factory(),
          new ThreadPoolExecutor.DiscardPolicy());

  // Confined to the thread.
  private final Map<String, Integer> running = new TreeMap<>();
  private int created;
  private boolean down;
  private boolean ending;

  DemoWorkload(SimulatedContainerd containerd, ExitTally tally) {
    this.containerd = containerd;
    this.tally = tally;
  }

  /** Keeps so many containers going, and takes containerd down once after the given time. */
  void start(int containers, Duration outageAfter) {
    for (int i = 0; i < containers; i++) {
      after(between(0, LONGEST_RUN_MILLIS / 4), this::runOne);
    }
    after(outageAfter.toMillis(), this::takeDown);
  }

  /**
   * An exit was recorded: the container is removed a little later, and another one takes its place.
   */
  void recorded(String id) {
    after(
        EXITED_SHOWN_MILLIS,
        () -> {
          containerd.deleteContainer(NAMESPACE, id);
          runOne();
        });
  }

  /** Whatever still runs exits now, and nothing new starts. */
  void end() {
    CompletableFuture.runAsync(
            () -> {
              ending = true;
              Map.copyOf(running).forEach(this::exit);
              if (down) {
                bringUp();
              }
            },
            thread)
        .join();
    thread.shutdownNow();
  }

  private void runOne() {
    if (ending) {
      return;
    }
    if (down) {
      // Nobody can create a container without containerd.
      after(OUTAGE.toMillis(), this::runOne);
      return;
    }
    String id = "job-%04d".formatted(++created);
    containerd.createContainer(NAMESPACE, id, LABELS);
    containerd.createTask(NAMESPACE, id);
    containerd.startTask(NAMESPACE, id);
    int code = CODES[ThreadLocalRandom.current().nextInt(CODES.length)];
    running.put(id, code);
    after(between(SHORTEST_RUN_MILLIS, LONGEST_RUN_MILLIS), () -> exit(id, code));
  }

  private void exit(String id, int code) {
    if (running.remove(id) != null) {
      boolean unheard = containerd.events().subscribers() == 0;
      Instant at = containerd.exit(NAMESPACE, id, code);
      tally.played(id, code, at, unheard);
    }
  }

  private void takeDown() {
    if (!ending) {
      down = true;
      containerd.stop();
      after(OUTAGE.toMillis(), this::bringUp);
    }
  }

  private void bringUp() {
    containerd.restart();
    down = false;
  }

  private void after(long millis, Runnable step) {
    thread.schedule(step, millis, TimeUnit.MILLISECONDS);
  }

  private static long between(int low, int high) {
    return ThreadLocalRandom.current().nextInt(low, high);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
