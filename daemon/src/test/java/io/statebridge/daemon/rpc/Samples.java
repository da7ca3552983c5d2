package io.statebridge.daemon.rpc;

import io.statebridge.api.Container;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.PendingExit;
import java.time.Instant;
import java.util.Map;

/** Containers to serve. */
final class Samples {
  static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");
  static final Instant STARTED = Instant.parse("2026-01-02T03:00:01.5Z");
  static final Instant ENDED = Instant.parse("2026-01-02T03:00:05.000000001Z");
  static final Exit EXIT = new Exit(3, ENDED, ExitSource.EVENT);
  static final PendingExit PENDING = PendingExit.of(EXIT, ENDED.plusMillis(1));

  private Samples() {}

  static ContainerId id(String id) {
    return new ContainerId("default", id);
  }

  static Container created(ContainerId id, Map<String, String> labels, String sandbox) {
    return Container.of(
        new ContainerInfo(id, "busybox", "io.containerd.runc.v2", labels, sandbox, CREATED));
  }

  static Container created(String id) {
    return created(id(id), Map.of(), "");
  }

  static Container running(String id) {
    return running(created(id));
  }

  static Container running(Container created) {
    return created.newRun(42, CREATED).startedAt(STARTED);
  }

  static Container exited(String id) {
    return running(id).finished(EXIT);
  }
}
