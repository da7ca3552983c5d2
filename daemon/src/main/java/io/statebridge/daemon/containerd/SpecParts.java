package io.statebridge.daemon.containerd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import java.io.IOException;
import java.util.List;

/**
 * What we keep of a container's OCI runtime spec: its CRI annotations, its user, and what it may
 * use. A whole spec has ten times as much, and the CRI tells none of it.
 *
 * @param sandboxId of the pod that the container is in; empty for a sandbox itself
 * @param json the parts, in the places where the spec has them; empty when there is none
 */
record SpecParts(String sandboxId, String json) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final SpecParts NONE = new SpecParts("", "");
  private static final String ANNOTATIONS = "io.kubernetes.cri.";
  private static final List<String> OF_PROCESS = List.of("user", "oomScoreAdj");
  private static final List<String> OF_RESOURCES =
      List.of("cpu", "memory", "hugepageLimits", "unified");

  /** Of bytes that are no spec nothing is kept. */
  static SpecParts of(Any spec) {
    if (spec.getValue().isEmpty()) {
      return NONE;
    }
    try {
      return of(JSON.readTree(spec.getValue().newInput()));
    } catch (IOException e) {
      return NONE;
    }
  }

  private static SpecParts of(JsonNode spec) throws IOException {
    ObjectNode parts = JSON.createObjectNode();
    spec.path("annotations").properties().stream()
        .filter(annotation -> annotation.getKey().startsWith(ANNOTATIONS))
        .forEach(a -> parts.withObject("/annotations").set(a.getKey(), a.getValue()));
    copy(spec, parts, "/process", OF_PROCESS);
    copy(spec, parts, "/linux/resources", OF_RESOURCES);
    if (parts.isEmpty()) {
      return NONE;
    }
    JsonNode annotations = parts.path("annotations");
    boolean isSandbox = annotations.path(ANNOTATIONS + "container-type").asText().equals("sandbox");
    return new SpecParts(
        isSandbox ? "" : annotations.path(ANNOTATIONS + "sandbox-id").asText(),
        JSON.writeValueAsString(parts));
  }

  private static void copy(JsonNode spec, ObjectNode parts, String place, List<String> names) {
    JsonNode from = spec.at(place);
    names.stream()
        .filter(from::hasNonNull)
        .forEach(name -> parts.withObject(place).set(name, from.get(name)));
  }
}
