package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.Stages.get;
import static io.statebridge.daemon.containerd.Stages.kindOf;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.LayerUsage;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.proto.containerd.cgroups.v2.Metrics;
import io.statebridge.proto.containerd.cgroups.v2.PidsStat;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GrpcContainerUsageTest {
  private static final ContainerId WEB = new ContainerId("k8s.io", "web");
  private static final ContainerId DB = new ContainerId("k8s.io", "db");

  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final GrpcContainerUsage usage;

  GrpcContainerUsageTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    usage = new GrpcContainerUsage(channel);
  }

  @AfterEach
  void stop() {
    channel.close();
    containerd.close();
  }

  private void run(ContainerId id, int threads) {
    containerd.run(id.namespace(), id.id());
    containerd.setMetrics(
        id.namespace(),
        id.id(),
        Metrics.newBuilder().setPids(PidsStat.newBuilder().setCurrent(threads)).build());
  }

  @Test
  void theOneThatIsAskedForIsMeasured() throws Exception {
    run(WEB, 3);
    run(DB, 5);
    run(new ContainerId("default", "web"), 7);
    Instant before = Instant.now();

    TaskUsage web = get(usage.task(WEB));

    assertThat(web.threads()).isEqualTo(3);
    assertThat(web.at()).isBetween(before, Instant.now());
    assertThat(get(usage.task(DB)).threads()).isEqualTo(5);
  }

  @Test
  void whatHasNoTaskIsNotFound() {
    containerd.createContainer("k8s.io", "web", Map.of());
    run(DB, 1);
    containerd.exit("k8s.io", "db", 0);

    assertThat(kindOf(usage.task(WEB))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(usage.task(DB))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void metricsThatNobodyCanReadAreAFailureThatLasts() {
    containerd.run("k8s.io", "web");
    containerd.setMetrics("k8s.io", "web", Empty.getDefaultInstance());

    assertThat(kindOf(usage.task(WEB))).isEqualTo(Kind.PERMANENT);
  }

  @Test
  void aLayerIsToldWithWhereItIsWhichIsAskedOnce() throws Exception {
    containerd.createContainer("k8s.io", "web", Map.of());
    containerd.createContainer("k8s.io", "db", Map.of());
    containerd.setLayer("k8s.io", "web", 4096, 2);
    containerd.setLayer("k8s.io", "db", 8192, 3);

    LayerUsage web = get(usage.writableLayer(WEB));
    LayerUsage db = get(usage.writableLayer(DB));

    assertThat(web).isEqualTo(new LayerUsage(web.at(), SimulatedContainerd.SNAPSHOTS, 4096, 2));
    assertThat(db).isEqualTo(new LayerUsage(db.at(), SimulatedContainerd.SNAPSHOTS, 8192, 3));
    assertThat(containerd.calls()).containsEntry("Introspection/Plugins", 1L);
  }

  @Test
  void aContainerThatIsGoneOrHasNoLayerIsNotFound() {
    containerd.createContainer("k8s.io", "web", Map.of());

    assertThat(kindOf(usage.writableLayer(WEB))).isEqualTo(Kind.NOT_FOUND);
    assertThat(kindOf(usage.writableLayer(DB))).isEqualTo(Kind.NOT_FOUND);
  }

  @Test
  void aLayerOfWhichAPartCannotBeToldIsAFailure() throws Exception {
    containerd.createContainer("k8s.io", "web", Map.of());
    containerd.setLayer("k8s.io", "web", 4096, 2);
    for (String call : List.of("Introspection/Plugins", "Containers/Get", "Snapshots/Usage")) {
      containerd.faults().failNext(call, 1, Status.INTERNAL);

      assertThat(kindOf(usage.writableLayer(WEB))).as(call).isEqualTo(Kind.TRANSIENT);
    }
    assertThat(get(usage.writableLayer(WEB)).bytes()).isEqualTo(4096);
  }

  @Test
  void whatIsNotAnsweredIsGivenUp() {
    Duration soon = Duration.ofMillis(50);
    Duration never = Duration.ofDays(1);
    run(WEB, 1);
    containerd.setLayer("k8s.io", "web", 4096, 2);
    containerd.faults().hang("Tasks/Metrics");
    containerd.faults().hang("Snapshots/Usage");

    assertThat(kindOf(new GrpcContainerUsage(channel, soon, never).task(WEB)))
        .isEqualTo(Kind.TRANSIENT);
    assertThat(kindOf(new GrpcContainerUsage(channel, never, soon).writableLayer(WEB)))
        .isEqualTo(Kind.TRANSIENT);
  }

  @Test
  void aContainerdThatIsAwayIsUnreachable() {
    run(WEB, 1);
    containerd.stop();

    assertThat(kindOf(usage.task(WEB))).isEqualTo(Kind.UNREACHABLE);
    assertThat(kindOf(usage.writableLayer(WEB))).isEqualTo(Kind.UNREACHABLE);
  }
}
