package io.statebridge.store;

import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.Run;
import io.statebridge.api.Run.Created;
import io.statebridge.api.Run.Ended;
import java.time.Instant;
import java.util.Map;

/** Containers to store. */
final class Samples {
  private Samples() {}

  static ContainerId id(String id) {
    return new ContainerId("default", id);
  }

  static ContainerRecord container(String id) {
    return container(id(id));
  }

  static ContainerRecord container(ContainerId id) {
    return ContainerRecord.of(new ContainerInfo(id, "busybox", "", Map.of(), "", Instant.EPOCH));
  }

  /** The container with a task of this pid. */
  static ContainerRecord withTask(ContainerRecord record, long pid) {
    return record.withRun(new Created(pid, null));
  }

  /** The container after the end of its run. */
  static ContainerRecord ended(ContainerRecord record, Exit exit) {
    Run run = record.run();
    return record.withRun(new Ended(run.pid(), run.startedAt(), exit, false));
  }

  /** The record as a commit of the store made it. */
  static Entry stored(ContainerRecord record, long revision) {
    return new Entry(record, revision, null);
  }

  /** The record as an earlier life of the store left it. */
  static Entry loaded(ContainerRecord record) {
    return stored(record, 0);
  }

  static Entry loaded(String id) {
    return loaded(container(id));
  }

  /** What is kept of a container that was removed. */
  static Entry removed(ContainerRecord record, long revision, Instant at) {
    return new Entry(record.ofRemoved(), revision, at);
  }
}
