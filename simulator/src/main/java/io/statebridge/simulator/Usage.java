package io.statebridge.simulator;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.statebridge.proto.containerd.cgroups.v2.CPUStat;
import io.statebridge.proto.containerd.cgroups.v2.MemoryStat;
import io.statebridge.proto.containerd.cgroups.v2.Metrics;
import io.statebridge.proto.containerd.cgroups.v2.PidsStat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the cgroups of containers count, which is what it was told to. Thread-safe. */
final class Usage {

  /** Of a task that nobody set: a process that has done nothing. */
  private static final Metrics IDLE =
      Metrics.newBuilder()
          .setPids(PidsStat.newBuilder().setCurrent(1))
          .setCpu(CPUStat.getDefaultInstance())
          .setMemory(MemoryStat.getDefaultInstance())
          .build();

  private final Map<Key, Message> tasks = new ConcurrentHashMap<>();

  void setTask(Key key, Message metrics) {
    tasks.put(key, metrics);
  }

  /** As containerd packs it: the type alone, without a slash. */
  Any ofTask(Key key) {
    Message metrics = tasks.getOrDefault(key, IDLE);
    return Any.newBuilder()
        .setTypeUrl(metrics.getDescriptorForType().getFullName())
        .setValue(metrics.toByteString())
        .build();
  }
}
