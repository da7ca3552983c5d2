package io.statebridge.daemon.cri;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.statebridge.api.ContainerInfo;
import io.statebridge.proto.cri.v1.ContainerMetadata;
import io.statebridge.proto.cri.v1.ContainerResources;
import io.statebridge.proto.cri.v1.ContainerUser;
import io.statebridge.proto.cri.v1.HugepageLimit;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.LinuxContainerResources;
import io.statebridge.proto.cri.v1.LinuxContainerUser;
import io.statebridge.proto.cri.v1.Mount;
import io.statebridge.proto.cri.v1.NamespaceMode;
import io.statebridge.proto.cri.v1.NamespaceOption;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.Signal;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a CRI server keeps with a container or a sandbox. containerd's plugin writes the CRI's own
 * configuration as Go's encoder does, so it is read leniently: what is missing or odd is empty, and
 * nothing fails. Of a container that another CRI server made, what its labels and the annotations
 * of its spec say stands in for it.
 *
 * @param isSandbox whether it is a sandbox itself
 * @param kept what the plugin keeps, with its version; missing when it is none of the plugin's
 * @param metadata the same without the version, or what stands in for it; missing when no CRI made
 *     it
 * @param spec the parts of its runtime spec that are known
 */
record CriMetadata(boolean isSandbox, JsonNode kept, JsonNode metadata, JsonNode spec) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String KIND = "io.cri-containerd.kind";
  private static final String ANNOTATION = "io.kubernetes.cri.";
  private static final String LABEL = "io.kubernetes.";

  static CriMetadata of(ContainerInfo info) {
    JsonNode spec = parsed(info.spec());
    JsonNode annotations = spec.path("annotations");
    String kind =
        info.labels().getOrDefault(KIND, annotations.path(ANNOTATION + "container-type").asText());
    JsonNode kept = parsed(info.criMetadata());
    JsonNode metadata = kept.path("Metadata");
    boolean isSandbox = kind.equals("sandbox");
    if (metadata.isMissingNode() && !kind.isEmpty()) {
      metadata = isSandbox ? ofSandbox(info, annotations) : ofContainer(info, annotations);
    }
    return new CriMetadata(isSandbox, kept, metadata, spec);
  }

  private static JsonNode parsed(String json) {
    try {
      return json.isEmpty() ? MissingNode.getInstance() : JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  private static ObjectNode ofContainer(ContainerInfo info, JsonNode annotations) {
    ObjectNode made = JSON.createObjectNode();
    made.put("SandboxID", info.sandboxId());
    ObjectNode config = made.putObject("Config");
    config
        .putObject("metadata")
        .put("name", told(info, "container.name", annotations, "container-name", info.id().id()));
    config.putObject("image").put("image", annotations.path(ANNOTATION + "image-name").asText());
    info.labels().forEach((name, value) -> putLabel(config, name, value));
    return made;
  }

  private static ObjectNode ofSandbox(ContainerInfo info, JsonNode annotations) {
    ObjectNode made = JSON.createObjectNode();
    ObjectNode config = made.putObject("Config");
    String id = info.id().id();
    config
        .putObject("metadata")
        .put("name", told(info, "pod.name", annotations, "sandbox-name", id))
        .put("uid", told(info, "pod.uid", annotations, "sandbox-uid", id))
        .put(
            "namespace",
            told(info, "pod.namespace", annotations, "sandbox-namespace", info.id().namespace()));
    info.labels().forEach((name, value) -> putLabel(config, name, value));
    return made;
  }

  private static void putLabel(ObjectNode config, String name, String value) {
    if (!name.equals(KIND)) {
      config.withObject("/labels").put(name, value);
    }
  }

  /** What a label says, or else an annotation, or else what must do. */
  private static String told(
      ContainerInfo info, String label, JsonNode annotations, String annotation, String otherwise) {
    String labelled = info.labels().getOrDefault(LABEL + label, "");
    String annotated = annotations.path(ANNOTATION + annotation).asText();
    return !labelled.isEmpty() ? labelled : !annotated.isEmpty() ? annotated : otherwise;
  }

  boolean isMissing() {
    return metadata.isMissingNode();
  }

  /** The CRI's configuration of it. */
  JsonNode config() {
    return metadata.path("Config");
  }

  ContainerMetadata container() {
    return GoJson.read(config().path("metadata"), ContainerMetadata.newBuilder()).build();
  }

  PodSandboxMetadata sandbox() {
    return GoJson.read(config().path("metadata"), PodSandboxMetadata.newBuilder()).build();
  }

  String sandboxId() {
    return metadata.path("SandboxID").asText();
  }

  /** The image's id or digest. */
  String imageRef() {
    return metadata.path("ImageRef").asText();
  }

  /** The image as it was asked for. */
  ImageSpec image() {
    return GoJson.read(config().path("image"), ImageSpec.newBuilder()).build();
  }

  String logPath() {
    return metadata.path("LogPath").asText();
  }

  /** The signal that stops it: as it was asked for, else its image's, else SIGTERM. */
  Signal stopSignal() {
    Signal asked = Signal.forNumber(config().path("stop_signal").asInt());
    if (asked != null && asked != Signal.SIGNAL_RUNTIME_DEFAULT) {
      return asked;
    }
    String ofImage = metadata.path("StopSignal").asText().toUpperCase(Locale.ROOT);
    String name = ofImage.startsWith("SIG") ? ofImage : "SIG" + ofImage;
    var named = Signal.getDescriptor().findValueByName("SIGNAL_" + name);
    return named == null ? Signal.SIGNAL_SIGTERM : Signal.valueOf(named);
  }

  String runtimeHandler() {
    return metadata.path("RuntimeHandler").asText();
  }

  /** A sandbox's addresses, the first one first; it has them as long as it has a network. */
  List<String> ips() {
    if (namespaceOptions().getNetwork() == NamespaceMode.NODE || isNetNamespaceClosed()) {
      return List.of();
    }
    List<String> ips = new ArrayList<>();
    ips.add(metadata.path("IP").asText());
    metadata.path("AdditionalIPs").forEach(ip -> ips.add(ip.asText()));
    return ips;
  }

  /** The plugin removes a sandbox's network namespace when it stops it. */
  boolean isNetNamespaceClosed() {
    String path = metadata.path("NetNSPath").asText();
    try {
      return !path.isEmpty() && !Files.exists(Path.of(path));
    } catch (InvalidPathException e) {
      // No file has such a name.
      return true;
    }
  }

  Map<String, String> labels() {
    return strings(config().path("labels"));
  }

  Map<String, String> annotations() {
    return strings(config().path("annotations"));
  }

  List<Mount> mounts() {
    List<Mount> mounts = new ArrayList<>();
    config().path("mounts").forEach(m -> mounts.add(GoJson.read(m, Mount.newBuilder()).build()));
    return mounts;
  }

  /** Of the pod's security context. */
  NamespaceOption namespaceOptions() {
    return GoJson.read(
            config().path("linux").path("security_context").path("namespace_options"),
            NamespaceOption.newBuilder())
        .build();
  }

  /** The user that its process was started as. */
  ContainerUser user() {
    JsonNode user = spec.at("/process/user");
    if (user.isMissingNode()) {
      return ContainerUser.getDefaultInstance();
    }
    LinuxContainerUser.Builder linux =
        LinuxContainerUser.newBuilder()
            .setUid(user.path("uid").asLong())
            .setGid(user.path("gid").asLong());
    user.path("additionalGids").forEach(gid -> linux.addSupplementalGroups(gid.asLong()));
    return ContainerUser.newBuilder().setLinux(linux).build();
  }

  /** What it may use, as it was last set. */
  ContainerResources resources() {
    JsonNode cpu = spec.at("/linux/resources/cpu");
    JsonNode memory = spec.at("/linux/resources/memory");
    LinuxContainerResources.Builder linux =
        LinuxContainerResources.newBuilder()
            .setCpuPeriod(cpu.path("period").asLong())
            .setCpuQuota(cpu.path("quota").asLong())
            .setCpuShares(cpu.path("shares").asLong())
            .setCpusetCpus(cpu.path("cpus").asText())
            .setCpusetMems(cpu.path("mems").asText())
            .setMemoryLimitInBytes(memory.path("limit").asLong())
            .setMemorySwapLimitInBytes(memory.path("swap").asLong())
            .setOomScoreAdj(spec.at("/process/oomScoreAdj").asLong())
            .putAllUnified(strings(spec.at("/linux/resources/unified")));
    spec.at("/linux/resources/hugepageLimits")
        .forEach(
            limit ->
                linux.addHugepageLimits(
                    HugepageLimit.newBuilder()
                        .setPageSize(limit.path("pageSize").asText())
                        .setLimit(limit.path("limit").asLong())));
    return ContainerResources.newBuilder().setLinux(linux).build();
  }

  private static Map<String, String> strings(JsonNode object) {
    Map<String, String> strings = new TreeMap<>();
    object.properties().forEach(entry -> strings.put(entry.getKey(), entry.getValue().asText()));
    return strings;
  }
}
