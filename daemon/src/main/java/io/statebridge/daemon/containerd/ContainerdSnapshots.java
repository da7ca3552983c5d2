package io.statebridge.daemon.containerd;

import com.google.common.base.Ticker;
import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.introspection.v1.IntrospectionGrpc;
import io.statebridge.proto.containerd.introspection.v1.IntrospectionGrpc.IntrospectionBlockingStub;
import io.statebridge.proto.containerd.introspection.v1.Plugin;
import io.statebridge.proto.containerd.introspection.v1.PluginsRequest;
import io.statebridge.proto.containerd.snapshots.v1.Info;
import io.statebridge.proto.containerd.snapshots.v1.ListSnapshotsRequest;
import io.statebridge.proto.containerd.snapshots.v1.SnapshotsGrpc;
import io.statebridge.proto.containerd.snapshots.v1.SnapshotsGrpc.SnapshotsBlockingStub;
import io.statebridge.proto.containerd.snapshots.v1.UsageRequest;
import io.statebridge.proto.containerd.snapshots.v1.UsageResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How much of the disk the snapshots of a namespace take, added up as containerd's CRI plugin does
 * it. Calls block. Thread-safe.
 */
public final class ContainerdSnapshots {

  /** A container's own snapshot is measured by walking through it; the plugin does so as often. */
  static final Duration KEPT = Duration.ofSeconds(10);

  private static final String SNAPSHOTTER = "io.containerd.snapshotter.v1";
  private static final String CONTENT = "io.containerd.content.v1";

  /** What containerd itself uses when nobody says otherwise. */
  private static final String DEFAULT_SNAPSHOTTER = "overlayfs";

  /** What was measured, all of it under one key. */
  private final Cache<String, List<SnapshotterUsage>> measured;

  private final IntrospectionBlockingStub introspection;
  private final SnapshotsBlockingStub snapshots;

  public ContainerdSnapshots(Channel channel, String namespace) {
    this(channel, namespace, Ticker.systemTicker());
  }

  ContainerdSnapshots(Channel channel, String namespace, Ticker ticker) {
    this.introspection = IntrospectionGrpc.newBlockingStub(channel);
    this.snapshots =
        GrpcContainerRuntime.inNamespace(namespace, SnapshotsGrpc.newBlockingStub(channel));
    this.measured = CacheBuilder.newBuilder().expireAfterWrite(KEPT).ticker(ticker).build();
  }

  /**
   * What the snapshots of one snapshotter take.
   *
   * @param root the directory that they are in
   */
  public record SnapshotterUsage(String root, long bytes, long inodes, Instant measuredAt) {}

  /**
   * Of each snapshotter that has some, the one with the most first; of the default one if none has.
   *
   * @throws StatusRuntimeException when containerd cannot be asked
   */
  public List<SnapshotterUsage> usage(Deadline deadline) {
    List<SnapshotterUsage> known = measured.getIfPresent("");
    if (known != null) {
      return known;
    }
    List<SnapshotterUsage> now = measure(deadline);
    measured.put("", now);
    return now;
  }

  private List<SnapshotterUsage> measure(Deadline deadline) {
    List<Plugin> plugins =
        introspection
            .withDeadline(deadline)
            .plugins(PluginsRequest.getDefaultInstance())
            .getPluginsList();
    List<SnapshotterUsage> used = new ArrayList<>();
    List<SnapshotterUsage> unused = new ArrayList<>();
    for (Plugin plugin : plugins) {
      if (plugin.getType().equals(SNAPSHOTTER) && !plugin.hasInitErr()) {
        List<String> keys = list(plugin.getId(), deadline);
        SnapshotterUsage usage =
            measure(plugin.getId(), keys, root(plugins, plugin.getId()), deadline);
        if (!keys.isEmpty()) {
          used.add(usage);
        } else if (plugin.getId().equals(DEFAULT_SNAPSHOTTER)) {
          unused.addFirst(usage);
        } else {
          unused.add(usage);
        }
      }
    }
    used.sort(Comparator.comparingLong(SnapshotterUsage::bytes).reversed());
    return used.isEmpty() ? unused.subList(0, Math.min(1, unused.size())) : used;
  }

  /**
   * The directory in which a snapshotter keeps its layers; empty when nobody tells. Not all of 1.6
   * do, but each is beside the content's store.
   */
  static String root(List<Plugin> plugins, String snapshotter) {
    String told = exportedRoot(plugins, SNAPSHOTTER, snapshotter);
    String content = exportedRoot(plugins, CONTENT, "content");
    if (!told.isEmpty() || content.isEmpty()) {
      return told;
    }
    return Path.of(content).resolveSibling(SNAPSHOTTER + "." + snapshotter).toString();
  }

  private static String exportedRoot(List<Plugin> plugins, String type, String id) {
    return plugins.stream()
        .filter(plugin -> plugin.getType().equals(type) && plugin.getId().equals(id))
        .map(plugin -> plugin.getExportsOrDefault("root", ""))
        .findFirst()
        .orElse("");
  }

  private List<String> list(String snapshotter, Deadline deadline) {
    List<String> keys = new ArrayList<>();
    snapshots
        .withDeadline(deadline)
        .list(ListSnapshotsRequest.newBuilder().setSnapshotter(snapshotter).build())
        .forEachRemaining(
            part -> part.getInfoList().stream().map(Info::getName).forEach(keys::add));
    return keys;
  }

  private SnapshotterUsage measure(
      String snapshotter, List<String> keys, String root, Deadline deadline) {
    Instant now = Instant.now();
    long bytes = 0;
    long inodes = 0;
    for (String key : keys) {
      UsageResponse usage = usage(snapshotter, key, deadline);
      bytes += usage.getSize();
      inodes += usage.getInodes();
    }
    return new SnapshotterUsage(root, bytes, inodes, now);
  }

  private UsageResponse usage(String snapshotter, String key, Deadline deadline) {
    try {
      return snapshots
          .withDeadline(deadline)
          .usage(UsageRequest.newBuilder().setSnapshotter(snapshotter).setKey(key).build());
    } catch (StatusRuntimeException e) {
      if (RuntimeFailures.isOfWhatWasAskedFor(e)) {
        // It went away since it was listed, or is broken: the plugin leaves it out, too.
        return UsageResponse.getDefaultInstance();
      }
      throw e;
    }
  }
}
