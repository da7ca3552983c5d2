package io.statebridge.store;

import static io.statebridge.store.Samples.container;
import static io.statebridge.store.Samples.id;
import static io.statebridge.store.Samples.withTask;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That a list and the changes after it always add up to the next list. */
final class ReplayTest {
  private static final int STEPS = 400;
  private static final int CONTAINERS = 12;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theChangesAfterAnySnapshotLeadToEveryLaterOne(long seed) throws Exception {
    Random random = new Random(seed);
    ContainerStore store = new ContainerStore("e1", STEPS);
    List<Snapshot> snapshots = new ArrayList<>(List.of(store.snapshot()));
    for (int i = 0; i < STEPS; i++) {
      step(store, random);
      snapshots.add(store.snapshot());
    }

    for (Snapshot start : snapshots) {
      for (Snapshot end : List.of(store.snapshot(), snapshots.get(random.nextInt(STEPS)))) {
        if (end.revision() >= start.revision()) {
          assertThat(replay(store, start, end.revision())).isEqualTo(end.entries());
        }
      }
    }
  }

  private static void step(ContainerStore store, Random random) {
    String name = "c" + random.nextInt(CONTAINERS);
    switch (random.nextInt(5)) {
      case 0, 1 -> store.create(container(name));
      case 2 -> store.update(id(name), c -> withTask(c, 1 + random.nextInt(3)));
      case 3 -> store.update(id(name), c -> c.withOrphaned(random.nextBoolean()));
      default -> store.delete(id(name));
    }
  }

  private static List<Entry> replay(ContainerStore store, Snapshot start, long until)
      throws CompactedException {
    Map<ContainerId, Entry> containers = new TreeMap<>();
    start.entries().forEach(c -> containers.put(c.id(), c));
    try (WatchCursor cursor = store.resume(start.revision(), () -> {})) {
      while (cursor.position() < until) {
        Change change = cursor.next().orElseThrow();
        Entry before =
            change.after() == null
                ? containers.remove(change.id())
                : containers.put(change.id(), change.after());
        assertThat(Optional.ofNullable(before)).isEqualTo(Optional.ofNullable(change.before()));
      }
    }
    return List.copyOf(containers.values());
  }
}
