package io.statebridge.daemon.cli;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Timestamp;
import io.statebridge.proto.v1.CheckpointStatus;
import io.statebridge.proto.v1.Counters;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.NamespacePolicy;
import io.statebridge.proto.v1.RuntimeStatus;
import io.statebridge.proto.v1.SyncState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The daemon's status for people: first a line that sums it up, then everything. */
record StatusReport(GetBridgeStatusResponse status, Instant now) {

  List<String> lines() {
    KeyValues details = new KeyValues(now);
    addDaemon(details);
    addRuntime(details, status.getRuntime());
    addCheckpoint(details, status.getCheckpoint());
    details.add("exits waited for", bySource(status.getExitWatchesMap()));
    details.add("shims not answering", silentShims());
    details.add("not waited for at the shim", unwatchedShims());
    for (NamespacePolicy policy : status.getNamespacesList()) {
      details.add("namespace " + policy.getNamespace(), policy(policy));
    }
    addCounters(details, status.getCounters());
    return Stream.concat(Stream.of(Text.oneLine(summary())), details.lines().stream()).toList();
  }

  private String summary() {
    RuntimeStatus runtime = status.getRuntime();
    String version = runtime.getRuntimeVersion();
    String containerd =
        "in sync with containerd "
            + (version.isEmpty() ? "" : version + " ")
            + "at "
            + runtime.getAddress();
    SyncState sync = status.getSync();
    if (sync.getInSync()) {
      return containerd + ", " + containers();
    }
    String since =
        sync.hasLastInSyncAt()
            ? "not " + containerd + " since " + timeAndAge(sync.getLastInSyncAt())
            : "not yet " + containerd;
    String error = runtime.getLastError();
    return since + ", " + containers() + (error.isEmpty() ? "" : ": " + error);
  }

  private String timeAndAge(Timestamp time) {
    return new KeyValues(now).timeAndAge(time);
  }

  private String containers() {
    int count = status.getContainers();
    return Integer.toUnsignedString(count) + (count == 1 ? " container" : " containers");
  }

  private void addDaemon(KeyValues details) {
    details
        .add("version", status.getVersion())
        .add("started", status.hasStartedAt(), status.getStartedAt())
        .add("epoch", status.getEpoch())
        .add("revision", Long.toUnsignedString(status.getRevision()))
        .add("queues active", Integer.toUnsignedString(status.getQueuesActive()))
        .add("queues waiting to retry", Integer.toUnsignedString(status.getQueuesWaiting()))
        .add("pending exits", Integer.toUnsignedString(status.getPendingExits()))
        .add("cleanup pending", Integer.toUnsignedString(status.getCleanupPending()))
        .add("watchers", Integer.toUnsignedString(status.getWatchers()));
  }

  private static void addRuntime(KeyValues details, RuntimeStatus runtime) {
    String since = runtime.hasSince() ? " since " + details.timeAndAge(runtime.getSince()) : "";
    details
        .add("connection", runtime.getPhase().name() + since)
        .add("reconnects", Long.toUnsignedString(runtime.getReconnects()))
        .add("last error", runtime.getLastError());
  }

  private static void addCheckpoint(KeyValues details, CheckpointStatus checkpoint) {
    String since =
        checkpoint.hasSince() ? " since " + details.timeAndAge(checkpoint.getSince()) : "";
    details
        .add("checkpoint", checkpoint.getState().name() + since)
        .add("checkpoint file", checkpoint.getPath())
        .add("checkpoint error", checkpoint.getLastError())
        .add("checkpoint set aside", checkpoint.getSetAside());
  }

  private static String policy(NamespacePolicy policy) {
    return (policy.getDeletes() ? "deletes exited tasks" : "leaves exited tasks to others")
        + " ("
        + policy.getConfigured()
        + (policy.getWhy().isEmpty() ? "" : ": " + policy.getWhy())
        + ")";
  }

  private String silentShims() {
    return named(status.getSilentShimsTotal(), status.getSilentShimsList(), ", ");
  }

  private String unwatchedShims() {
    List<String> named =
        status.getUnwatchedShimsList().stream()
            .map(shim -> shim.getContainer() + ": " + shim.getReason())
            .toList();
    return named(status.getUnwatchedShimsTotal(), named, "; ");
  }

  private static String named(int total, List<String> first, String separator) {
    if (total == 0) {
      return "";
    }
    String rest = total == first.size() ? "" : separator + "...";
    return Integer.toUnsignedString(total) + " (" + String.join(separator, first) + rest + ")";
  }

  /** By the fields' own names, so that a new counter appears by itself. */
  private static void addCounters(KeyValues details, Counters counters) {
    for (FieldDescriptor field : counters.getDescriptorForType().getFields()) {
      String name = field.getName().replace('_', ' ');
      if (field.getNumber() == Counters.EXITS_RECORDED_FIELD_NUMBER) {
        details.add(name, bySource(counters.getExitsRecordedMap()));
      } else if (counters.getField(field) instanceof Long count) {
        details.add(name, Long.toUnsignedString(count));
      }
    }
  }

  /** The sum, and what it is made of. */
  private static String bySource(Map<String, ? extends Number> counts) {
    long all = counts.values().stream().mapToLong(Number::longValue).sum();
    String parts =
        new TreeMap<>(counts)
            .entrySet().stream()
                .filter(entry -> entry.getValue().longValue() != 0)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", ", " (", ")"));
    return all == 0 ? "0" : all + parts;
  }
}
