package io.statebridge.simulator;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.cgroups.v2.CPUStat;
import io.statebridge.proto.containerd.cgroups.v2.MemoryStat;
import io.statebridge.proto.containerd.cgroups.v2.Metrics;
import io.statebridge.proto.containerd.cgroups.v2.PidsStat;
import io.statebridge.proto.containerd.snapshots.v1.SnapshotsGrpc;
import io.statebridge.proto.containerd.snapshots.v1.UsageRequest;
import io.statebridge.proto.containerd.snapshots.v1.UsageResponse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What containers use, which is what it was told to, and the snapshotter. Thread-safe. */
final class Usage extends SnapshotsGrpc.SnapshotsImplBase {

  static final String SNAPSHOTTER = "overlayfs";

  /** Of a task that nobody set: a process that has done nothing. */
  private static final Metrics IDLE =
      Metrics.newBuilder()
          .setPids(PidsStat.newBuilder().setCurrent(1))
          .setCpu(CPUStat.getDefaultInstance())
          .setMemory(MemoryStat.getDefaultInstance())
          .build();

  private final Calls calls;
  private final Map<Key, Message> tasks = new ConcurrentHashMap<>();
  private final Map<Key, UsageResponse> layers = new ConcurrentHashMap<>();

  Usage(Calls calls) {
    this.calls = calls;
  }

  void setTask(Key key, Message metrics) {
    tasks.put(key, metrics);
  }

  void setLayer(Key key, long bytes, long inodes) {
    layers.put(key, UsageResponse.newBuilder().setSize(bytes).setInodes(inodes).build());
  }

  /** As containerd packs it: the type alone, without a slash. */
  Any ofTask(Key key) {
    Message metrics = tasks.getOrDefault(key, IDLE);
    return Any.newBuilder()
        .setTypeUrl(metrics.getDescriptorForType().getFullName())
        .setValue(metrics.toByteString())
        .build();
  }

  @Override
  public void usage(UsageRequest request, StreamObserver<UsageResponse> observer) {
    calls.answer(
        "Snapshots/Usage",
        request.getKey(),
        observer,
        key -> {
          UsageResponse layer = layers.get(key);
          if (layer == null || !request.getSnapshotter().equals(SNAPSHOTTER)) {
            throw Status.NOT_FOUND
                .withDescription("snapshot " + key.id() + " does not exist: not found")
                .asRuntimeException();
          }
          return layer;
        });
  }
}
