package io.statebridge.daemon.cri;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import java.time.Instant;
import java.util.Map;

/** Records of pods and containers, as the CRI plugin makes them, that have no task yet. */
final class Records {
  static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");

  private Records() {}

  static ContainerId id(String id) {
    return new ContainerId("k8s.io", id);
  }

  /** Of a pod of that name, with a label of its own. */
  static Container sandbox(String id) {
    return record(
        id,
        "sandbox",
        """
        {"Metadata": {"ID": "%1$s", "Config": {
          "metadata": {"name": "%1$s", "uid": "u", "namespace": "tests"},
          "labels": {"pod": "%1$s"}}}}
        """
            .formatted(id));
  }

  /** Of a container of that name, with a label of its own. */
  static Container container(String id, String sandbox) {
    return record(
        id,
        "container",
        """
        {"Metadata": {"ID": "%1$s", "SandboxID": "%2$s", "Config": {
          "metadata": {"name": "%1$s"}, "labels": {"container": "%1$s"}}}}
        """
            .formatted(id, sandbox));
  }

  private static Container record(String id, String kind, String metadata) {
    return Container.of(
        new ContainerInfo(
            id(id),
            "busybox",
            "io.containerd.runc.v2",
            Map.of("io.cri-containerd.kind", kind),
            "",
            CREATED,
            metadata,
            ""));
  }

  /** Made by no CRI plugin. */
  static Container foreign(String id) {
    return Container.of(new ContainerInfo(id(id), "busybox", "", Map.of(), "", CREATED));
  }

  static Container running(Container created) {
    return created.newRun(42, CREATED).startedAt(CREATED);
  }

  static Container exited(Container created) {
    return running(created).finished(new Exit(3, CREATED, ExitSource.EVENT));
  }
}
