package io.statebridge.daemon.cri;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.statebridge.api.ContainerInfo;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the CRI plugin keeps with a container or a sandbox. It writes the CRI's own configuration as
 * Go's encoder does, so it is read leniently: what is missing or odd is empty, and nothing fails.
 */
record CriMetadata(JsonNode metadata) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of a container that no CRI plugin made, everything is empty. */
  static CriMetadata of(ContainerInfo info) {
    if (info.criMetadata().isEmpty()) {
      return new CriMetadata(MissingNode.getInstance());
    }
    try {
      return new CriMetadata(JSON.readTree(info.criMetadata()).path("Metadata"));
    } catch (JsonProcessingException e) {
      return new CriMetadata(MissingNode.getInstance());
    }
  }

  boolean isMissing() {
    return metadata.isMissingNode();
  }

  private JsonNode config() {
    return metadata.path("Config");
  }

  ContainerMetadata container() {
    JsonNode node = config().path("metadata");
    return ContainerMetadata.newBuilder()
        .setName(node.path("name").asText())
        .setAttempt(node.path("attempt").asInt())
        .build();
  }

  PodSandboxMetadata sandbox() {
    JsonNode node = config().path("metadata");
    return PodSandboxMetadata.newBuilder()
        .setName(node.path("name").asText())
        .setUid(node.path("uid").asText())
        .setNamespace(node.path("namespace").asText())
        .setAttempt(node.path("attempt").asInt())
        .build();
  }

  String sandboxId() {
    return metadata.path("SandboxID").asText();
  }

  /** The image's id or digest. */
  String imageRef() {
    return metadata.path("ImageRef").asText();
  }

  /** The image as it was asked for. */
  String image() {
    return config().path("image").path("image").asText();
  }

  String logPath() {
    return metadata.path("LogPath").asText();
  }

  String runtimeHandler() {
    return metadata.path("RuntimeHandler").asText();
  }

  String ip() {
    return metadata.path("IP").asText();
  }

  Iterable<JsonNode> additionalIps() {
    return metadata.path("AdditionalIPs");
  }

  Map<String, String> labels() {
    return strings(config().path("labels"));
  }

  Map<String, String> annotations() {
    return strings(config().path("annotations"));
  }

  Iterable<JsonNode> mounts() {
    return config().path("mounts");
  }

  /** What the container may use, as it was asked for. */
  JsonNode resources() {
    return config().path("linux").path("resources");
  }

  /** Of the pod's security context: network, pid, ipc, target_id. */
  JsonNode namespaceOptions() {
    return config().path("linux").path("security_context").path("namespace_options");
  }

  private static Map<String, String> strings(JsonNode object) {
    Map<String, String> strings = new TreeMap<>();
    object.properties().forEach(entry -> strings.put(entry.getKey(), entry.getValue().asText()));
    return strings;
  }
}
