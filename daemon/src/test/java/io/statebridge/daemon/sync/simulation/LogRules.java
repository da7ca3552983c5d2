package io.statebridge.daemon.sync.simulation;

import io.statebridge.api.ContainerId;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.WatchCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is promised to watchers. */
final class LogRules {

  private LogRules() {}

  /**
   * @param changes as one watcher saw them
   * @return what is wrong
   */
  static Optional<String> check(ContainerStore store, List<Change> changes) {
    Map<ContainerId, @Nullable RecordView> folded = new TreeMap<>();
    for (int i = 0; i < changes.size(); i++) {
      Change change = changes.get(i);
      if (i > 0) {
        Change last = changes.get(i - 1);
        if (change.revision() != last.revision() + 1 || !change.at().isAfter(last.at())) {
          return Optional.of("revision " + change.revision() + " after " + last.revision());
        }
      }
      RecordView before = RecordView.before(change);
      if (folded.containsKey(change.id())
          && !String.valueOf(folded.get(change.id())).equals(String.valueOf(before))) {
        return Optional.of("revision " + change.revision() + " does not follow on what was");
      }
      folded.put(change.id(), RecordView.after(change));
    }
    for (Map.Entry<ContainerId, @Nullable RecordView> entry : folded.entrySet()) {
      RecordView now = RecordView.get(store, entry.getKey());
      if (!String.valueOf(now).equals(String.valueOf(entry.getValue()))) {
        return Optional.of("the changes do not add up to " + now);
      }
    }
    if (!changes.isEmpty()) {
      long first = changes.getFirst().revision();
      for (int skipped : new int[] {0, changes.size() / 3, changes.size() / 2}) {
        if (!resumed(store, first - 1 + skipped).equals(changes.subList(skipped, changes.size()))) {
          return Optional.of("resumed after " + skipped + " changes, others come");
        }
      }
    }
    return Optional.empty();
  }

  private static List<Change> resumed(ContainerStore store, long after) {
    List<Change> all = new ArrayList<>();
    try (WatchCursor cursor = store.resume(after, () -> {})) {
      for (Optional<Change> next = cursor.next(); next.isPresent(); next = cursor.next()) {
        all.add(next.get());
      }
    } catch (CompactedException e) {
      return List.of();
    }
    return all;
  }
}
