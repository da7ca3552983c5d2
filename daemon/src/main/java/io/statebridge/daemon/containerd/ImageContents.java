package io.statebridge.daemon.containerd;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.protobuf.ByteString;
import io.grpc.Deadline;
import io.statebridge.proto.containerd.types.Descriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What images consist of. Content never changes, so it is read once. Thread-safe. */
final class ImageContents {

  /** What is kept of configurations: some kilobytes each, for hundreds of images. */
  private static final int MAX_KEPT_BYTES = 16 << 20;

  /** What an entry takes besides its configuration, about. */
  private static final int ENTRY_BYTES = 512;

  /** So many that cannot be read are remembered, to be told of once. */
  private static final int MAX_TOLD = 1024;

  private static final Logger log = LoggerFactory.getLogger(ImageContents.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> INDEXES =
      List.of(
          "application/vnd.oci.image.index.v1+json",
          "application/vnd.docker.distribution.manifest.list.v2+json");
  private static final List<String> MANIFESTS =
      List.of(
          "application/vnd.oci.image.manifest.v1+json",
          "application/vnd.docker.distribution.manifest.v2+json");

  private final ContentStore store;
  private final NodePlatform platform;
  private final Cache<String, ImageContent> known =
      CacheBuilder.newBuilder()
          // The bound is shared out among as many: the largest entry must fit.
          .concurrencyLevel(1)
          .maximumWeight(MAX_KEPT_BYTES)
          .weigher((String digest, ImageContent content) -> ENTRY_BYTES + content.config().size())
          .build();
  private final Cache<String, Boolean> told =
      CacheBuilder.newBuilder().maximumSize(MAX_TOLD).build();

  ImageContents(ContentStore store, NodePlatform platform) {
    this.store = store;
    this.platform = platform;
  }

  /**
   * Empty when it cannot be read, or has nothing for this node, which is logged once.
   *
   * @param name of the image, for the log
   */
  Optional<ImageContent> of(String name, Descriptor target, Deadline deadline) {
    ImageContent content = known.getIfPresent(target.getDigest());
    if (content != null) {
      return Optional.of(content);
    }
    try {
      ImageContent read = read(target, deadline);
      known.put(target.getDigest(), read);
      return Optional.of(read);
    } catch (IOException e) {
      if (told.asMap().putIfAbsent(target.getDigest(), true) == null) {
        log.warn("image {} is left out: {}", name, e.getMessage());
      }
      return Optional.empty();
    }
  }

  private ImageContent read(Descriptor target, Deadline deadline) throws IOException {
    String mediaType = target.getMediaType();
    String digest = target.getDigest();
    long size = target.getSize();
    boolean isForSomebody = true;
    while (INDEXES.contains(mediaType)) {
      JsonNode chosen = platform.choose(json(digest, deadline).path("manifests"));
      if (chosen == null) {
        throw new IOException(digest + " has no manifest for this node's platform");
      }
      mediaType = chosen.path("mediaType").asText();
      digest = chosen.path("digest").asText();
      size += sizeOf(chosen);
      isForSomebody = chosen.path("platform").isObject();
    }
    if (!MANIFESTS.contains(mediaType)) {
      throw new IOException("%s is no image, but \"%s\"".formatted(digest, mediaType));
    }
    JsonNode manifest = json(digest, deadline);
    JsonNode config = manifest.path("config");
    size += sizeOf(config);
    for (JsonNode layer : manifest.path("layers")) {
      size += sizeOf(layer);
    }
    String id = config.path("digest").asText();
    ByteString blob = store.read(id, deadline);
    JsonNode fields = json(id, blob);
    if (!isForSomebody && !platform.runs(fields)) {
      throw new IOException(digest + " is not for this node's platform");
    }
    return new ImageContent(
        id, size, fields.path("config").path("User").asText(), diffIds(fields), blob);
  }

  /** containerd counts no size that is unknown, which is -1. */
  private static long sizeOf(JsonNode descriptor) {
    return Math.max(0, descriptor.path("size").asLong());
  }

  private static List<String> diffIds(JsonNode config) {
    List<String> ids = new ArrayList<>();
    config.path("rootfs").path("diff_ids").forEach(id -> ids.add(id.asText()));
    return ids;
  }

  private JsonNode json(String digest, Deadline deadline) throws IOException {
    return json(digest, store.read(digest, deadline));
  }

  private static JsonNode json(String digest, ByteString blob) throws IOException {
    try {
      return JSON.readTree(blob.toByteArray());
    } catch (JsonProcessingException e) {
      throw new IOException(digest + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }
}
