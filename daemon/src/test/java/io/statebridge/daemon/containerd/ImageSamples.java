package io.statebridge.daemon.containerd;

import com.google.protobuf.ByteString;
import io.statebridge.proto.containerd.images.v1.Image;
import io.statebridge.proto.containerd.types.Descriptor;
import io.statebridge.simulator.SimulatedImages;
import java.util.Map;

/** Images of a simulated containerd, with content as containerd has it. */
public record ImageSamples(SimulatedImages images, String namespace) {
  public static final String INDEX = "application/vnd.oci.image.index.v1+json";
  public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** What {@link #manifest} says of its only layer. */
  static final int LAYER_BYTES = 1000;

  /** A configuration for amd64 whose processes are that user; its digest. */
  public String config(String user) {
    return blob(
        """
        {"architecture":"amd64","os":"linux","config":{"User":"%s"},
         "rootfs":{"type":"layers","diff_ids":["sha256:aa","sha256:bb"]}}
        """
            .formatted(user));
  }

  public String blob(String json) {
    return images.addContent(namespace, ByteString.copyFromUtf8(json));
  }

  public Descriptor manifest(String configDigest) {
    return target(
        MANIFEST,
        """
        {"config":{"digest":"%s","size":100},"layers":[{"digest":"sha256:cc","size":%d}]}
        """
            .formatted(configDigest, LAYER_BYTES));
  }

  /** What such JSON is the content of. */
  public Descriptor target(String mediaType, String json) {
    return Descriptor.newBuilder()
        .setMediaType(mediaType)
        .setDigest(blob(json))
        .setSize(json.length())
        .build();
  }

  /** An entry of an index; without a platform when that is empty. */
  static String entry(Descriptor manifest, String platform) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}"
        .formatted(
            manifest.getMediaType(),
            manifest.getDigest(),
            manifest.getSize(),
            platform.isEmpty() ? "" : ",\"platform\":" + platform);
  }

  Descriptor index(String... entries) {
    return target(INDEX, "{\"manifests\":[%s]}".formatted(String.join(",", entries)));
  }

  public void add(String name, Descriptor target) {
    add(name, target, Map.of());
  }

  public void add(String name, Descriptor target, Map<String, String> labels) {
    images.add(
        namespace, Image.newBuilder().setName(name).setTarget(target).putAllLabels(labels).build());
  }
}
