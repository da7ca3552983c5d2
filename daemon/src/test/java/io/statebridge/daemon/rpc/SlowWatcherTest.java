package io.statebridge.daemon.rpc;

import static io.statebridge.daemon.rpc.Samples.created;
import static io.statebridge.daemon.rpc.Samples.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import io.statebridge.proto.v1.WatchOutOfRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A watcher that does not read, and all the others. */
@Timeout(60)
final class SlowWatcherTest {
  private static final int LOG_CAPACITY = 64;

  /** So large that what the transport holds for a stream is a small part of all of it. */
  private static final Map<String, String> LABELS = Map.of("large", "x".repeat(64 << 10));

  private static final int COMMITS = 300;

  private final Api api;

  SlowWatcherTest(@TempDir Path directory) throws IOException {
    api = Api.in(directory, LOG_CAPACITY);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private Watcher connectAndWatch(int wanted) throws InterruptedException {
    Watcher watcher =
        Watcher.open(api.connect(), WatchContainersRequest.getDefaultInstance(), wanted);
    assertThat(watcher.next().getType()).isEqualTo(WatchContainersResponse.Type.SYNCED);
    return watcher;
  }

  private void commitAndFollow(Watcher quick) throws InterruptedException {
    api.store.create(created(id("web"), LABELS, ""));
    for (long revision = 1; revision <= COMMITS; revision++) {
      assertThat(quick.next().getRevision()).isEqualTo(revision);
      api.store.update(id("web"), Samples::touched);
    }
  }

  @Test
  void aWatcherThatDoesNotReadBlocksNobodyAndIsToldThatItFellBehind() throws Exception {
    Watcher slow = connectAndWatch(1);
    Watcher quick = connectAndWatch(Integer.MAX_VALUE);

    commitAndFollow(quick);
    slow.read(Integer.MAX_VALUE);
    WatchOutOfRange outOfRange = slow.outOfRange();

    List<WatchContainersResponse> seen = slow.rest();
    assertThat(seen.size()).isLessThan(COMMITS - LOG_CAPACITY);
    for (int i = 0; i < seen.size(); i++) {
      assertThat(seen.get(i).getRevision()).isEqualTo(i + 1);
    }
    assertThat(outOfRange)
        .isEqualTo(
            WatchOutOfRange.newBuilder()
                .setEpoch(Api.EPOCH)
                .setCompactRevision(COMMITS + 1 - LOG_CAPACITY)
                .setCurrentRevision(COMMITS + 1)
                .build());
  }

  @Test
  void aWatcherThatReadsAgainInTimeMissesNothing() throws Exception {
    Watcher slow = connectAndWatch(1);
    api.store.create(created(id("web"), LABELS, ""));
    for (int i = 1; i < LOG_CAPACITY; i++) {
      api.store.update(id("web"), Samples::touched);
    }

    slow.read(Integer.MAX_VALUE);

    List<WatchContainersResponse> seen = slow.next(LOG_CAPACITY);
    for (int i = 0; i < LOG_CAPACITY; i++) {
      assertThat(seen.get(i).getRevision()).isEqualTo(i + 1);
    }
  }
}
