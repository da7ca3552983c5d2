package io.statebridge.daemon.rpc;

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
import io.statebridge.store.Entry;
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

  static ContainerRecord created(ContainerId id, Map<String, String> labels, String sandbox) {
    return ContainerRecord.of(
        new ContainerInfo(id, "busybox", "io.containerd.runc.v2", labels, sandbox, CREATED));
  }

  static ContainerRecord created(String id) {
    return created(id(id), Map.of(), "");
  }

  static ContainerRecord withTask(ContainerRecord record, long pid) {
    return record.withRun(new Created(pid, CREATED));
  }

  static ContainerRecord running(String id) {
    return running(created(id));
  }

  static ContainerRecord running(ContainerRecord record) {
    return record.withRun(new Running(42, CREATED, STARTED, false));
  }

  static ContainerRecord paused(ContainerRecord record) {
    return record.withRun(new Running(42, CREATED, STARTED, true));
  }

  /** The end of its run is observed. */
  static ContainerRecord ending(ContainerRecord record, PendingExit pending) {
    return record.withRun(new Ending((Live) record.run(), pending));
  }

  /** The end of its run is recorded. */
  static ContainerRecord ended(ContainerRecord record, Exit exit) {
    return ended(record, exit, false);
  }

  static ContainerRecord ended(ContainerRecord record, Exit exit, boolean cleanupPending) {
    Run run = record.run();
    return record.withRun(new Ended(run.pid(), run.startedAt(), exit, cleanupPending));
  }

  static ContainerRecord exited(String id) {
    return ended(running(id), EXIT);
  }

  /** A change that is none of its run. */
  static ContainerRecord touched(ContainerRecord record) {
    return record.withOrphaned(!record.orphaned());
  }

  /** As a commit of the store made it. */
  static Entry stored(ContainerRecord record, long revision) {
    return new Entry(record, revision, null);
  }
}
