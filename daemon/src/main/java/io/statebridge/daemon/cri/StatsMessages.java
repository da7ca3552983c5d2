package io.statebridge.daemon.cri;

import io.statebridge.api.LayerUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.api.TaskUsage.Pressure;
import io.statebridge.api.TaskUsage.Stall;
import io.statebridge.daemon.cri.UsageMeter.Figure;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerAttributes;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.CpuUsage;
import io.statebridge.proto.cri.v1.FilesystemIdentifier;
import io.statebridge.proto.cri.v1.FilesystemUsage;
import io.statebridge.proto.cri.v1.IoUsage;
import io.statebridge.proto.cri.v1.LinuxPodSandboxStats;
import io.statebridge.proto.cri.v1.MemoryUsage;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxAttributes;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import io.statebridge.proto.cri.v1.ProcessUsage;
import io.statebridge.proto.cri.v1.PsiData;
import io.statebridge.proto.cri.v1.PsiStats;
import io.statebridge.proto.cri.v1.UInt64Value;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Usage as the CRI's messages tell it. What was not measured is absent. */
final class StatsMessages {

  private StatsMessages() {}

  static ContainerStats container(
      Container container, @Nullable Figure figure, @Nullable LayerUsage layer) {
    ContainerStats.Builder stats =
        ContainerStats.newBuilder()
            .setAttributes(
                ContainerAttributes.newBuilder()
                    .setId(container.getId())
                    .setMetadata(container.getMetadata())
                    .putAllLabels(container.getLabelsMap())
                    .putAllAnnotations(container.getAnnotationsMap()));
    if (figure != null) {
      Instant at = figure.usage().at();
      Cpu cpu = figure.usage().cpu();
      if (cpu != null) {
        stats.setCpu(cpu(at, cpu, figure));
      }
      Memory memory = figure.usage().memory();
      if (memory != null) {
        stats.setMemory(memory(at, memory));
      }
      Pressure io = figure.usage().ioPressure();
      if (io != null) {
        stats.setIo(IoUsage.newBuilder().setTimestamp(CriView.nanos(at)).setPsi(psi(io)));
      }
    }
    if (layer != null) {
      stats.setWritableLayer(layer(layer));
    }
    return stats.build();
  }

  static PodSandboxStats pod(PodSandbox pod, Figure sum, List<ContainerStats> containers) {
    Instant at = sum.usage().at();
    LinuxPodSandboxStats.Builder linux =
        LinuxPodSandboxStats.newBuilder()
            .addAllContainers(containers)
            .setProcess(
                ProcessUsage.newBuilder()
                    .setTimestamp(CriView.nanos(at))
                    .setProcessCount(value(sum.usage().threads())));
    Cpu cpu = sum.usage().cpu();
    if (cpu != null) {
      linux.setCpu(cpu(at, cpu, sum));
    }
    Memory memory = sum.usage().memory();
    if (memory != null) {
      linux.setMemory(memory(at, memory));
    }
    return PodSandboxStats.newBuilder()
        .setAttributes(
            PodSandboxAttributes.newBuilder()
                .setId(pod.getId())
                .setMetadata(pod.getMetadata())
                .putAllLabels(pod.getLabelsMap())
                .putAllAnnotations(pod.getAnnotationsMap()))
        .setLinux(linux)
        .build();
  }

  private static CpuUsage cpu(Instant at, Cpu cpu, Figure figure) {
    CpuUsage.Builder usage =
        CpuUsage.newBuilder()
            .setTimestamp(CriView.nanos(at))
            .setUsageCoreNanoSeconds(value(cpu.usedNanos()));
    figure.nanoCores().ifPresent(rate -> usage.setUsageNanoCores(value(rate)));
    Pressure pressure = cpu.pressure();
    if (pressure != null) {
      usage.setPsi(psi(pressure));
    }
    return usage.build();
  }

  private static MemoryUsage memory(Instant at, Memory memory) {
    MemoryUsage.Builder usage =
        MemoryUsage.newBuilder()
            .setTimestamp(CriView.nanos(at))
            .setWorkingSetBytes(value(memory.workingSetBytes()))
            .setAvailableBytes(value(available(memory)))
            .setUsageBytes(value(memory.usedBytes()))
            .setRssBytes(value(memory.rssBytes()))
            .setPageFaults(value(memory.pageFaults()))
            .setMajorPageFaults(value(memory.majorPageFaults()));
    Pressure pressure = memory.pressure();
    if (pressure != null) {
      usage.setPsi(psi(pressure));
    }
    return usage.build();
  }

  /** The CRI says 0 when there is no limit, too. */
  private static long available(Memory memory) {
    return Math.max(0, memory.limitBytes() - memory.workingSetBytes());
  }

  private static FilesystemUsage layer(LayerUsage layer) {
    return FilesystemUsage.newBuilder()
        .setTimestamp(CriView.nanos(layer.at()))
        .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(layer.directory()))
        .setUsedBytes(value(layer.bytes()))
        .setInodesUsed(value(layer.inodes()))
        .build();
  }

  private static PsiStats psi(Pressure pressure) {
    PsiStats.Builder stats = PsiStats.newBuilder();
    Stall some = pressure.some();
    if (some != null) {
      stats.setSome(psi(some));
    }
    Stall full = pressure.full();
    if (full != null) {
      stats.setFull(psi(full));
    }
    return stats.build();
  }

  private static PsiData psi(Stall stall) {
    return PsiData.newBuilder()
        .setTotal(stall.totalNanos())
        .setAvg10(stall.average10())
        .setAvg60(stall.average60())
        .setAvg300(stall.average300())
        .build();
  }

  private static UInt64Value value(long value) {
    return UInt64Value.newBuilder().setValue(value).build();
  }
}
