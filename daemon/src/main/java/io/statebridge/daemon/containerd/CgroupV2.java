package io.statebridge.daemon.containerd;

import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.api.TaskUsage.Pressure;
import io.statebridge.api.TaskUsage.Stall;
import io.statebridge.proto.containerd.cgroups.v2.CPUStat;
import io.statebridge.proto.containerd.cgroups.v2.MemoryStat;
import io.statebridge.proto.containerd.cgroups.v2.Metrics;
import io.statebridge.proto.containerd.cgroups.v2.PSIData;
import io.statebridge.proto.containerd.cgroups.v2.PSIStats;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** What a cgroup of version 2 counts, as usage. */
final class CgroupV2 {

  static final String TYPE = "io.containerd.cgroups.v2.Metrics";

  private CgroupV2() {}

  static TaskUsage usage(Instant at, Metrics metrics) {
    return new TaskUsage(
        at,
        metrics.hasCpu() ? cpu(metrics.getCpu()) : null,
        metrics.hasMemory() ? memory(metrics.getMemory()) : null,
        metrics.getIo().hasPsi() ? pressure(metrics.getIo().getPsi()) : null,
        metrics.getPids().getCurrent());
  }

  private static Cpu cpu(CPUStat cpu) {
    return new Cpu(
        TimeUnit.MICROSECONDS.toNanos(cpu.getUsageUsec()),
        cpu.hasPsi() ? pressure(cpu.getPsi()) : null);
  }

  private static Memory memory(MemoryStat memory) {
    return new Memory(
        memory.getUsage(),
        CgroupMetrics.workingSet(memory.getUsage(), memory.getInactiveFile()),
        memory.getAnon(),
        CgroupMetrics.limit(memory.getUsageLimit()),
        memory.getPgfault(),
        memory.getPgmajfault(),
        memory.hasPsi() ? pressure(memory.getPsi()) : null);
  }

  private static Pressure pressure(PSIStats psi) {
    return new Pressure(
        psi.hasSome() ? stall(psi.getSome()) : null, psi.hasFull() ? stall(psi.getFull()) : null);
  }

  private static Stall stall(PSIData data) {
    return new Stall(
        TimeUnit.MICROSECONDS.toNanos(data.getTotal()),
        data.getAvg10(),
        data.getAvg60(),
        data.getAvg300());
  }
}
