package io.statebridge.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the creator of a container said of it: containerd's container metadata, as far as we keep
 * it.
 *
 * @param id its name
 * @param image the image's name, empty when none was given
 * @param runtime the runtime's name, empty when unknown
 * @param labels never null, unmodifiable
 * @param sandboxId the pod's sandbox, empty when it belongs to none
 * @param createdAt null when the runtime did not say
 * @param criMetadata what the CRI plugin keeps with it, as JSON, empty when it is none of its own
 * @param spec those parts of its OCI runtime spec that the CRI tells, as JSON, empty when unknown
 */
public record ContainerInfo(
    ContainerId id,
    String image,
    String runtime,
    Map<String, String> labels,
    String sandboxId,
    @Nullable Instant createdAt,
    String criMetadata,
    String spec) {

  /** One that no CRI plugin made. */
  public ContainerInfo(
      ContainerId id,
      String image,
      String runtime,
      Map<String, String> labels,
      String sandboxId,
      @Nullable Instant createdAt) {
    this(id, image, runtime, labels, sandboxId, createdAt, "", "");
  }

  public ContainerInfo {
    labels = Map.copyOf(labels);
  }

  /** Without what only the CRI tells, which is most of it. */
  public ContainerInfo withoutDetails() {
    return new ContainerInfo(id, image, runtime, labels, sandboxId, createdAt);
  }

  /** Whether it is the sandbox of a pod itself, as the CRI plugin marks it. */
  public boolean isSandbox() {
    return "sandbox".equals(labels.get("io.cri-containerd.kind"));
  }
}
