package io.statebridge.daemon.cri;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.statebridge.api.Exit;
import io.statebridge.api.PendingExit;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.proto.containerd.runc.v1.Options;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a verbose status tells besides: {@code info}, with the keys of containerd's plugin, and
 * {@code statebridge}, what we know of the record. Both are JSON.
 */
final class CriDetails {

  private static final ObjectMapper JSON = new ObjectMapper();

  private CriDetails() {}

  /**
   * @param found what containerd keeps of the container, null when it cannot be asked: then the
   *     parts of the spec that are in the record stand in for the whole
   */
  static Map<String, String> ofContainer(CriView view, @Nullable Container found, String epoch) {
    ObjectNode info = JSON.createObjectNode();
    info.put("sandboxID", view.sandboxId());
    info.put("pid", view.record().pid());
    info.put("removing", false);
    putRuntime(info, view, found);
    info.set("config", orNull(view.metadata().config()));
    return Map.of("info", info.toString(), "statebridge", record(view, epoch));
  }

  /** Of a pod's sandbox, likewise. */
  static Map<String, String> ofSandbox(CriView view, @Nullable Container found, String epoch) {
    JsonNode metadata = view.metadata().metadata();
    ObjectNode info = JSON.createObjectNode();
    info.put("pid", view.record().pid());
    info.put("processStatus", processStatus(view));
    info.put("netNamespaceClosed", view.metadata().isNetNamespaceClosed());
    info.put("image", found == null ? view.record().info().image() : found.getImage());
    putRuntime(info, view, found);
    info.put("runtimeHandler", view.metadata().runtimeHandler());
    info.set("config", orNull(view.metadata().config()));
    info.set("cniResult", orNull(metadata.path("CNIResult")));
    info.set("sandboxMetadata", orNull(view.metadata().kept()));
    return Map.of("info", info.toString(), "statebridge", record(view, epoch));
  }

  /** The plugin calls it deleted when there is no task any more. */
  private static String processStatus(CriView view) {
    return switch (view.record().state()) {
      case RUNNING -> view.record().paused() ? "paused" : "running";
      case CREATED -> view.record().pid() == 0 ? "deleted" : "created";
      case EXITED -> "deleted";
      case UNKNOWN -> "unknown";
    };
  }

  private static void putRuntime(ObjectNode info, CriView view, @Nullable Container found) {
    if (found == null) {
      info.put("runtimeType", view.record().info().runtime());
      info.set("runtimeSpec", orNull(view.metadata().spec()));
      return;
    }
    info.put("snapshotKey", found.getSnapshotKey());
    info.put("snapshotter", found.getSnapshotter());
    info.put("runtimeType", found.getRuntime().getName());
    info.set("runtimeOptions", options(found.getRuntime().getOptions()));
    info.set("runtimeSpec", json(found.getSpec()));
  }

  private static JsonNode json(Any spec) {
    try {
      return JSON.readTree(spec.getValue().newInput());
    } catch (IOException e) {
      return NullNode.getInstance();
    }
  }

  private static JsonNode options(Any options) {
    if (options.getValue().isEmpty()
        || !options.getTypeUrl().endsWith(Options.getDescriptor().getFullName())) {
      return NullNode.getInstance();
    }
    try {
      return GoJson.write(Options.parseFrom(options.getValue()));
    } catch (InvalidProtocolBufferException e) {
      return NullNode.getInstance();
    }
  }

  private static JsonNode orNull(JsonNode node) {
    return node.isMissingNode() ? NullNode.getInstance() : node;
  }

  /** What no other CRI server tells: where the record stands, and who told of the exit. */
  private static String record(CriView view, String epoch) {
    ObjectNode record = JSON.createObjectNode();
    record.put("epoch", epoch);
    record.put("revision", view.entry().revision());
    record.put("namespace", view.record().id().namespace());
    Exit exit = view.record().knownExit();
    if (exit != null) {
      record.put("source", exit.source().name());
      record.put("exitedAt", exit.exitedAt().toString());
    }
    PendingExit pending = view.record().pendingExit();
    if (pending != null) {
      record.put("pendingSince", pending.observedAt().toString());
    }
    record.put("cleanupPending", view.record().cleanupPending());
    return record.toString();
  }
}
