package io.statebridge.daemon.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.PendingExit;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * A container as a JSON object. Scripts rely on it: every key is always there, in this order; what
 * is not known is null.
 */
record ContainerJson(Container container) implements Json.Value {

  @Override
  public void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("namespace", container.getNamespace());
    json.writeStringField("id", container.getId());
    json.writeStringField("state", Names.of(container.getState()));
    Json.unsigned(json, "pid", container.getPid());
    json.writeStringField("image", container.getImage());
    json.writeStringField("runtime", container.getRuntime());
    json.writeObjectFieldStart("labels");
    for (Map.Entry<String, String> label : new TreeMap<>(container.getLabelsMap()).entrySet()) {
      json.writeStringField(label.getKey(), label.getValue());
    }
    json.writeEndObject();
    String sandbox = container.getSandboxId();
    json.writeStringField("sandboxId", sandbox.isEmpty() ? null : sandbox);
    Json.time(json, "createdAt", container.hasCreatedAt(), container.getCreatedAt());
    Json.time(json, "startedAt", container.hasStartedAt(), container.getStartedAt());
    Json.time(json, "finishedAt", container.hasFinishedAt(), container.getFinishedAt());
    if (container.hasExitCode()) {
      Json.unsigned(json, "exitCode", container.getExitCode());
    } else {
      json.writeNullField("exitCode");
    }
    json.writeStringField("reason", container.getReason());
    json.writeStringField("message", container.getMessage());
    json.writeBooleanField("paused", container.getPaused());
    if (container.hasPendingExit()) {
      json.writeFieldName("pendingExit");
      pendingExit(json, container.getPendingExit());
    } else {
      json.writeNullField("pendingExit");
    }
    json.writeBooleanField("cleanupPending", container.getCleanupPending());
    json.writeBooleanField("orphaned", container.getOrphaned());
    json.writeStringField("source", Names.of(container.getSource()));
    Json.time(json, "removedAt", container.hasRemovedAt(), container.getRemovedAt());
    Json.unsigned(json, "revision", container.getRevision());
    json.writeEndObject();
  }

  private static void pendingExit(JsonGenerator json, PendingExit exit) throws IOException {
    json.writeStartObject();
    Json.unsigned(json, "exitCode", exit.getExitCode());
    Json.time(json, "exitedAt", exit.hasExitedAt(), exit.getExitedAt());
    Json.time(json, "observedAt", exit.hasObservedAt(), exit.getObservedAt());
    json.writeStringField("source", Names.of(exit.getSource()));
    Json.unsigned(json, "deleteAttempts", exit.getDeleteAttempts());
    json.writeStringField("lastError", exit.getLastError());
    json.writeEndObject();
  }
}
