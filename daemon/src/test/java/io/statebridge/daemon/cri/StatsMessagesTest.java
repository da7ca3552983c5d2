package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.TaskUsage;
import io.statebridge.api.TaskUsage.Cpu;
import io.statebridge.api.TaskUsage.Memory;
import io.statebridge.api.TaskUsage.Pressure;
import io.statebridge.api.TaskUsage.Stall;
import io.statebridge.daemon.cri.UsageMeter.Figure;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class StatsMessagesTest {
  private static final Instant AT = Instant.ofEpochSecond(0, 90);
  private static final Container WEB =
      Container.newBuilder()
          .setId("web1")
          .setPodSandboxId("pod1")
          .setMetadata(ContainerMetadata.newBuilder().setName("web").setAttempt(2))
          .putLabels("tier", "front")
          .putAnnotations("note", "x")
          .build();
  private static final PodSandbox POD =
      PodSandbox.newBuilder()
          .setId("pod1")
          .setMetadata(PodSandboxMetadata.newBuilder().setName("shop").setUid("u"))
          .putLabels("app", "shop")
          .putAnnotations("note", "y")
          .build();

  private static Figure figure(long limit, OptionalLong rate) {
    return new Figure(
        new TaskUsage(
            AT,
            new Cpu(1, new Pressure(new Stall(10, 1.5, 2.5, 3.5), new Stall(11, 4.5, 5.5, 6.5))),
            new Memory(20, 21, 22, limit, 24, 25, new Pressure(new Stall(12, 0, 0, 0), null)),
            new Pressure(null, new Stall(13, 0, 0, 0)),
            30),
        rate);
  }

  private static ContainerStats container(String text) throws TextFormat.ParseException {
    return TextFormat.parse(text, ContainerStats.class);
  }

  @Test
  void aContainerIsToldWithAllThatWasMeasured() throws Exception {
    ContainerStats expected =
        container(
            """
            attributes {
              id: "web1" metadata { name: "web" attempt: 2 }
              labels { key: "tier" value: "front" } annotations { key: "note" value: "x" }
            }
            cpu {
              timestamp: 90 usage_core_nano_seconds { value: 1 } usage_nano_cores { value: 2 }
              psi {
                Some { Total: 10 Avg10: 1.5 Avg60: 2.5 Avg300: 3.5 }
                Full { Total: 11 Avg10: 4.5 Avg60: 5.5 Avg300: 6.5 }
              }
            }
            memory {
              timestamp: 90
              usage_bytes { value: 20 } working_set_bytes { value: 21 } rss_bytes { value: 22 }
              available_bytes { value: 79 }
              page_faults { value: 24 } major_page_faults { value: 25 }
              psi { Some { Total: 12 } }
            }
            io { timestamp: 90 psi { Full { Total: 13 } } }
            writable_layer {
              timestamp: 91 fs_id { mountpoint: "/layers" }
              used_bytes { value: 40 } inodes_used { value: 41 }
            }
            """);

    assertThat(
            StatsMessages.container(
                WEB,
                figure(100, OptionalLong.of(2)),
                new LayerUsage(AT.plusNanos(1), "/layers", 40, 41)))
        .isEqualTo(expected);
  }

  @Test
  void whatWasNotMeasuredIsAbsent() {
    ContainerStats bare = StatsMessages.container(WEB, null, null);
    Figure nothing = new Figure(new TaskUsage(AT, null, null, null, 0), OptionalLong.empty());

    assertThat(bare.getAllFields().keySet())
        .extracting(field -> field.getName())
        .containsExactly("attributes");
    assertThat(StatsMessages.container(WEB, nothing, null)).isEqualTo(bare);
    assertThat(
            StatsMessages.container(WEB, figure(0, OptionalLong.empty()), null)
                .getCpu()
                .hasUsageNanoCores())
        .isFalse();
    assertThat(StatsMessages.pod(POD, nothing, List.of()).getLinux().getAllFields().keySet())
        .extracting(field -> field.getName())
        .containsExactly("process");
  }

  /** Either there is no limit, or it is used up. */
  @Test
  void nothingIsAvailableWithoutALimitOrBeyondIt() {
    for (long limit : new long[] {0, 20}) {
      ContainerStats stats =
          StatsMessages.container(WEB, figure(limit, OptionalLong.empty()), null);

      assertThat(stats.getMemory().hasAvailableBytes()).isTrue();
      assertThat(stats.getMemory().getAvailableBytes().getValue()).isZero();
    }
  }

  @Test
  void aPodIsToldWithItsContainers() throws Exception {
    ContainerStats web = StatsMessages.container(WEB, null, null);
    Figure figure = figure(100, OptionalLong.of(2));
    ContainerStats same = StatsMessages.container(WEB, figure, null);

    PodSandboxStats stats = StatsMessages.pod(POD, figure, List.of(web));

    assertThat(stats.getAttributes())
        .hasToString(
            """
            id: "pod1"
            metadata {
              name: "shop"
              uid: "u"
            }
            labels {
              key: "app"
              value: "shop"
            }
            annotations {
              key: "note"
              value: "y"
            }
            """);
    assertThat(stats.getLinux().getCpu()).isEqualTo(same.getCpu());
    assertThat(stats.getLinux().getMemory()).isEqualTo(same.getMemory());
    assertThat(stats.getLinux().getContainersList()).containsExactly(web);
    assertThat(stats.getLinux().getProcess().getProcessCount().getValue()).isEqualTo(30);
    assertThat(stats.getLinux().getProcess().getTimestamp()).isEqualTo(90);
  }
}
