package io.statebridge.daemon.containerd;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskUsage;
import io.statebridge.proto.containerd.types.Metric;
import java.time.Instant;

/** What shims tell of the cgroups of their tasks. */
final class CgroupMetrics {

  /** Above it there is no limit: without one, version 1 tells the largest number of whole pages. */
  private static final long LARGEST_LIMIT = 1L << 62;

  private CgroupMetrics() {}

  /** Fails with PERMANENT when it is nothing that we can read. */
  static TaskUsage usage(Metric metric) {
    String url = metric.getData().getTypeUrl();
    String type = url.substring(url.lastIndexOf('/') + 1);
    Instant at = Times.or(metric.getTimestamp(), Instant.now());
    ByteString bytes = metric.getData().getValue();
    try {
      return switch (type) {
        case CgroupV1.TYPE ->
            CgroupV1.usage(at, io.statebridge.proto.containerd.cgroups.v1.Metrics.parseFrom(bytes));
        case CgroupV2.TYPE ->
            CgroupV2.usage(at, io.statebridge.proto.containerd.cgroups.v2.Metrics.parseFrom(bytes));
        default ->
            throw new RuntimeFailure(Kind.PERMANENT, "metrics of an unknown type \"" + type + "\"");
      };
    } catch (InvalidProtocolBufferException e) {
      throw new RuntimeFailure(Kind.PERMANENT, "unreadable " + type + ": " + e.getMessage(), e);
    }
  }

  /** What is used but for the file cache that nobody has touched for long. Unsigned. */
  static long workingSet(long used, long inactiveFile) {
    return Long.compareUnsigned(inactiveFile, used) < 0 ? used - inactiveFile : 0;
  }

  /** 0 when there is none. */
  static long limit(long told) {
    return Long.compareUnsigned(told, LARGEST_LIMIT) > 0 ? 0 : told;
  }
}
