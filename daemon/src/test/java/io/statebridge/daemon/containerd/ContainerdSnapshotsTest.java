package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;

import com.google.common.base.Ticker;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.statebridge.daemon.containerd.ContainerdSnapshots.SnapshotterUsage;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ContainerdSnapshotsTest {
  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final ContainerdSnapshots snapshots;
  private final AtomicLong clock = new AtomicLong();

  ContainerdSnapshotsTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    snapshots =
        new ContainerdSnapshots(
            channel.grpc(),
            "k8s.io",
            new Ticker() {
              @Override
              public long read() {
                return clock.get();
              }
            });
  }

  @AfterEach
  void stop() {
    channel.close();
    containerd.close();
  }

  private void add(String snapshotter, String key, long bytes) {
    containerd.images().addSnapshot("k8s.io", snapshotter, key, bytes, 1);
  }

  private List<SnapshotterUsage> usage() {
    return snapshots.usage(Deadline.after(20, TimeUnit.SECONDS));
  }

  @Test
  void snapshotsAreAddedUpForEachSnapshotterTheLargestFirst() {
    Instant before = Instant.now();
    add("overlayfs", "layer", 10);
    add("native", "layer", 20);
    add("native", "container", 3);
    containerd.images().addSnapshot("default", "native", "elsewhere", 100, 100);

    List<SnapshotterUsage> usage = usage();

    assertThat(usage)
        .extracting(SnapshotterUsage::root, SnapshotterUsage::bytes, SnapshotterUsage::inodes)
        .containsExactly(
            tuple("/root/io.containerd.snapshotter.v1.native", 23L, 2L),
            tuple("/overlays", 10L, 1L));
    assertThat(usage.getFirst().measuredAt()).isBetween(before, Instant.now());
  }

  @Test
  void withoutAnySnapshotTheDefaultSnapshotterIsTold() {
    assertThat(usage()).extracting(SnapshotterUsage::root).containsExactly("/overlays");
    assertThat(usage()).extracting(SnapshotterUsage::bytes).containsExactly(0L);
  }

  @ParameterizedTest
  @EnumSource(
      value = Code.class,
      names = {"NOT_FOUND", "UNKNOWN"})
  void aSnapshotThatIsGoneSinceItWasListedOrBrokenTakesNothing(Code code) {
    add("native", "gone", 20);
    add("native", "layer", 3);
    containerd.faults().failFor("Snapshots/Usage", "k8s.io", "gone", Status.fromCode(code));

    assertThat(usage()).extracting(SnapshotterUsage::bytes).containsExactly(3L);
  }

  @Test
  void nothingIsMeasuredMoreOftenThanThePluginDoes() {
    add("native", "layer", 3);
    usage();
    add("native", "more", 4);
    clock.addAndGet(ContainerdSnapshots.KEPT.toNanos() - 1);
    List<SnapshotterUsage> kept = usage();
    clock.addAndGet(1);

    assertThat(kept).extracting(SnapshotterUsage::bytes).containsExactly(3L);
    assertThat(usage()).extracting(SnapshotterUsage::bytes).containsExactly(7L);
  }

  @Test
  void aFailureIsNotKept() {
    add("native", "layer", 3);
    containerd.faults().failNext("Snapshots/Usage", 1, Status.UNAVAILABLE);

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, this::usage);

    assertThat(failure.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(usage()).extracting(SnapshotterUsage::bytes).containsExactly(3L);
  }

  @Test
  void theDeadlineIsThatOfAllTogether() {
    add("native", "layer", 3);
    containerd.faults().hang("Snapshots/Usage");

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> snapshots.usage(Deadline.after(100, TimeUnit.MILLISECONDS)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
  }
}
