package io.statebridge.store;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** Commits without end, and tells of each commit that the disk has. Somebody kills it. */
final class CrashingDaemon {
  private static final int THREADS = 4;
  private static final int CONTAINERS_PER_THREAD = 10;

  private CrashingDaemon() {}

  /**
   * @param args the state directory
   */
  public static void main(String... args) throws IOException {
    ContainerStore store = new ContainerStore("e1", 1024);
    Checkpoint checkpoint = Checkpoint.open(Path.of(args[0]));
    store.restore(checkpoint.load());
    checkpoint.follow(store);
    IntStream.range(0, THREADS)
        .forEach(i -> Thread.ofPlatform().start(() -> commit(store, checkpoint, i)));
  }

  private static void commit(ContainerStore store, Checkpoint checkpoint, int thread) {
    for (int step = 0; ; step++) {
      ContainerId id = Samples.id(thread + "-" + step % CONTAINERS_PER_THREAD);
      store.create(Samples.container(id));
      long pid =
          store
              .update(id, c -> Samples.withTask(c, c.pid() + 1))
              .orElseThrow(IllegalStateException::new)
              .record()
              .pid();
      checkpoint.durable(store.get(id).orElseThrow().revision()).toCompletableFuture().join();
      if (checkpoint.status().state() == CheckpointStatus.State.DURABLE) {
        System.out.println(id.id() + " " + pid);
      }
    }
  }
}
