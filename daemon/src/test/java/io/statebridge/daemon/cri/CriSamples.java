package io.statebridge.daemon.cri;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import io.statebridge.api.Run.Ending;
import io.statebridge.api.Run.Live;
import io.statebridge.api.Run.Running;
import java.time.Instant;
import java.util.Map;

/** Records as they become of what a CRI plugin makes, each with a label of its own. */
final class CriSamples {
  static final String NAMESPACE = "k8s.io";
  static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");
  static final Instant STARTED = Instant.parse("2026-01-02T03:00:01.5Z");
  static final Instant ENDED = Instant.parse("2026-01-02T03:00:05.000000001Z");
  static final Exit EXIT = new Exit(3, ENDED, ExitSource.EVENT);

  private CriSamples() {}

  static ContainerId id(String id) {
    return new ContainerId(NAMESPACE, id);
  }

  static ContainerRecord sandbox(String id) {
    return record(
        id,
        "sandbox",
        """
        {"Version":"v1","Metadata":{"ID":"%1$s","Config":{"metadata":
          {"name":"name-%1$s","uid":"uid-%1$s","namespace":"tests"},
          "labels":{"pod":"%1$s"}}}}
        """
            .formatted(id));
  }

  static ContainerRecord container(String id, String sandbox) {
    return record(
        id,
        "container",
        """
        {"Version":"v1","Metadata":{"ID":"%1$s","SandboxID":"%2$s","Config":{"metadata":
          {"name":"name-%1$s"},"labels":{"container":"%1$s"}}}}
        """
            .formatted(id, sandbox));
  }

  private static ContainerRecord record(String id, String kind, String metadata) {
    return ContainerRecord.of(
        new ContainerInfo(
            id(id),
            "busybox",
            "io.containerd.runc.v2",
            Map.of(
                "io.cri-containerd.kind", kind,
                "io.kubernetes.pod.name", "labelled",
                "io.kubernetes.pod.uid", "labelled-uid",
                "io.kubernetes.pod.namespace", "labelled-namespace"),
            "",
            CREATED,
            metadata,
            ""));
  }

  /** Made by no CRI plugin. */
  static ContainerRecord foreign(String id) {
    return ContainerRecord.of(new ContainerInfo(id(id), "busybox", "", Map.of(), "", CREATED));
  }

  static ContainerRecord exited(ContainerRecord created) {
    return ended(running(created), EXIT);
  }

  static ContainerRecord withTask(ContainerRecord created) {
    return created.withRun(new Created(42, CREATED));
  }

  static ContainerRecord running(ContainerRecord created) {
    return created.withRun(new Running(42, CREATED, STARTED, false));
  }

  static ContainerRecord paused(ContainerRecord created) {
    return created.withRun(new Running(42, CREATED, STARTED, true));
  }

  /** The end of its run is observed. */
  static ContainerRecord ending(ContainerRecord record, PendingExit pending) {
    return record.withRun(new Ending((Live) record.run(), pending));
  }

  /** The end of its run is recorded. */
  static ContainerRecord ended(ContainerRecord record, Exit exit) {
    Run run = record.run();
    return record.withRun(new Ended(run.pid(), run.startedAt(), exit, false));
  }
}
