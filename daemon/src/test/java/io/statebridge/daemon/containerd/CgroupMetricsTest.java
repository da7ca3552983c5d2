package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.api.TaskUsage.Pressure;
import io.statebridge.api.TaskUsage.Stall;
import io.statebridge.proto.containerd.cgroups.v1.CPUUsage;
import io.statebridge.proto.containerd.cgroups.v1.MemoryEntry;
import io.statebridge.proto.containerd.cgroups.v2.IOStat;
import io.statebridge.proto.containerd.cgroups.v2.PSIData;
import io.statebridge.proto.containerd.cgroups.v2.PSIStats;
import io.statebridge.proto.containerd.types.Metric;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CgroupMetricsTest {
  private static final Instant AT = Instant.ofEpochSecond(1_700_000_000, 5);

  /** Without a limit, version 1 tells the largest number of whole pages, version 2 the largest. */
  private static final long NO_LIMIT_1 = Long.MAX_VALUE - 4095;

  private static final long NO_LIMIT_2 = -1;

  private static Metric metric(String type, ByteString value) {
    return Metric.newBuilder()
        .setId("web")
        .setTimestamp(Timestamp.newBuilder().setSeconds(AT.getEpochSecond()).setNanos(AT.getNano()))
        .setData(Any.newBuilder().setTypeUrl(type).setValue(value))
        .build();
  }

  private static TaskUsage usage(Message metrics) {
    return CgroupMetrics.usage(
        metric(metrics.getDescriptorForType().getFullName(), metrics.toByteString()));
  }

  private static Memory memory(Message metrics) {
    Memory memory = usage(metrics).memory();
    if (memory == null) {
      throw new AssertionError("no memory in " + metrics);
    }
    return memory;
  }

  private static io.statebridge.proto.containerd.cgroups.v1.MemoryStat.Builder memory1(
      long used, long limit) {
    return io.statebridge.proto.containerd.cgroups.v1.MemoryStat.newBuilder()
        .setUsage(MemoryEntry.newBuilder().setUsage(used).setLimit(limit));
  }

  private static Message only(
      io.statebridge.proto.containerd.cgroups.v1.MemoryStat.Builder memory) {
    return io.statebridge.proto.containerd.cgroups.v1.Metrics.newBuilder()
        .setMemory(memory)
        .build();
  }

  @Test
  void whatVersion1CountsIsUsage() {
    TaskUsage usage =
        usage(
            io.statebridge.proto.containerd.cgroups.v1.Metrics.newBuilder()
                .setPids(
                    io.statebridge.proto.containerd.cgroups.v1.PidsStat.newBuilder().setCurrent(7))
                .setCpu(
                    io.statebridge.proto.containerd.cgroups.v1.CPUStat.newBuilder()
                        .setUsage(CPUUsage.newBuilder().setTotal(11)))
                .setMemory(
                    memory1(1000, 5000)
                        .setTotalInactiveFile(300)
                        .setTotalRss(13)
                        .setTotalPgFault(17)
                        .setTotalPgMajFault(19))
                .build());

    assertThat(usage)
        .isEqualTo(
            new TaskUsage(
                AT, new Cpu(11, null), new Memory(1000, 700, 13, 5000, 17, 19, null), null, 7));
  }

  @Test
  void whatVersion2CountsIsUsage() {
    TaskUsage usage =
        usage(
            io.statebridge.proto.containerd.cgroups.v2.Metrics.newBuilder()
                .setPids(
                    io.statebridge.proto.containerd.cgroups.v2.PidsStat.newBuilder().setCurrent(7))
                .setCpu(
                    io.statebridge.proto.containerd.cgroups.v2.CPUStat.newBuilder()
                        .setUsageUsec(11)
                        .setPsi(psi(100)))
                .setMemory(
                    io.statebridge.proto.containerd.cgroups.v2.MemoryStat.newBuilder()
                        .setUsage(1000)
                        .setUsageLimit(5000)
                        .setInactiveFile(300)
                        .setAnon(13)
                        .setPgfault(17)
                        .setPgmajfault(19)
                        .setPsi(psi(200)))
                .setIo(IOStat.newBuilder().setPsi(psi(300)))
                .build());

    assertThat(usage)
        .isEqualTo(
            new TaskUsage(
                AT,
                new Cpu(11_000, pressure(100)),
                new Memory(1000, 700, 13, 5000, 17, 19, pressure(200)),
                pressure(300),
                7));
  }

  private static PSIStats psi(int base) {
    return PSIStats.newBuilder().setSome(psiData(base)).setFull(psiData(base + 10)).build();
  }

  private static PSIData psiData(int base) {
    return PSIData.newBuilder()
        .setTotal(base + 1)
        .setAvg10(base + 2)
        .setAvg60(base + 3)
        .setAvg300(base + 4)
        .build();
  }

  private static Pressure pressure(int base) {
    return new Pressure(stall(base), stall(base + 10));
  }

  private static Stall stall(int base) {
    return new Stall((base + 1) * 1000L, base + 2, base + 3, base + 4);
  }

  @Test
  void whatIsNotCountedIsAbsent() {
    TaskUsage nothing = new TaskUsage(AT, null, null, null, 0);

    assertThat(usage(io.statebridge.proto.containerd.cgroups.v1.Metrics.getDefaultInstance()))
        .isEqualTo(nothing);
    assertThat(usage(io.statebridge.proto.containerd.cgroups.v2.Metrics.getDefaultInstance()))
        .isEqualTo(nothing);
    assertThat(
            usage(
                io.statebridge.proto.containerd.cgroups.v2.Metrics.newBuilder()
                    .setIo(IOStat.newBuilder().setPsi(PSIStats.getDefaultInstance()))
                    .build()))
        .isEqualTo(new TaskUsage(AT, null, null, new Pressure(null, null), 0));
  }

  @Test
  void aLimitThatIsNoneIsTold() {
    assertThat(memory(only(memory1(1, NO_LIMIT_1))).limitBytes()).isZero();
    assertThat(
            memory(
                    io.statebridge.proto.containerd.cgroups.v2.Metrics.newBuilder()
                        .setMemory(
                            io.statebridge.proto.containerd.cgroups.v2.MemoryStat.newBuilder()
                                .setUsageLimit(NO_LIMIT_2))
                        .build())
                .limitBytes())
        .isZero();
    assertThat(memory(only(memory1(1, 1L << 62))).limitBytes()).isEqualTo(1L << 62);
  }

  /** They are read one after another, so the cache may seem larger than all there is. */
  @ParameterizedTest
  @CsvSource({"1000, 999, 1", "1000, 1000, 0", "1000, 1001, 0"})
  void theWorkingSetIsNeverNegative(long used, long inactiveFile, long workingSet) {
    assertThat(memory(only(memory1(used, 1).setTotalInactiveFile(inactiveFile))).workingSetBytes())
        .isEqualTo(workingSet);
  }

  @Test
  void aTypeMayBeNamedAsClientsOfOtherLanguagesDo() {
    Message metrics = only(memory1(1000, 5000));

    assertThat(
            CgroupMetrics.usage(
                metric(
                    "type.googleapis.com/io.containerd.cgroups.v1.Metrics",
                    metrics.toByteString())))
        .isEqualTo(usage(metrics));
  }

  @ParameterizedTest
  @CsvSource({
    "io.containerd.cgroups.v3.Metrics, unknown type",
    "io.containerd.cgroups.v1.Metrics, unreadable",
    "io.containerd.cgroups.v2.Metrics, unreadable"
  })
  void whatCannotBeReadIsAFailureThatLasts(String type, String message) {
    Metric odd = metric(type, ByteString.copyFromUtf8("\1"));

    RuntimeFailure failure =
        catchThrowableOfType(RuntimeFailure.class, () -> CgroupMetrics.usage(odd));

    assertThat(failure.kind()).isEqualTo(Kind.PERMANENT);
    assertThat(failure).hasMessageContaining(message).hasMessageContaining(type);
  }
}
