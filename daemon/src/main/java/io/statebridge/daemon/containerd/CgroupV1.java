package io.statebridge.daemon.containerd;

import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.proto.containerd.cgroups.v1.MemoryStat;
import io.statebridge.proto.containerd.cgroups.v1.Metrics;
import java.time.Instant;

/** What a cgroup of version 1 counts, as usage. */
final class CgroupV1 {

  static final String TYPE = "io.containerd.cgroups.v1.Metrics";

  private CgroupV1() {}

  static TaskUsage usage(Instant at, Metrics metrics) {
    return new TaskUsage(
        at,
        metrics.getCpu().hasUsage() ? new Cpu(metrics.getCpu().getUsage().getTotal(), null) : null,
        metrics.getMemory().hasUsage() ? memory(metrics.getMemory()) : null,
        null,
        metrics.getPids().getCurrent());
  }

  private static Memory memory(MemoryStat memory) {
    long used = memory.getUsage().getUsage();
    return new Memory(
        used,
        CgroupMetrics.workingSet(used, memory.getTotalInactiveFile()),
        memory.getTotalRss(),
        CgroupMetrics.limit(memory.getUsage().getLimit()),
        memory.getTotalPgFault(),
        memory.getTotalPgMajFault(),
        null);
  }
}
