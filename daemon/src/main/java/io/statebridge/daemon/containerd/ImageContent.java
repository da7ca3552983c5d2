package io.statebridge.daemon.containerd;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What an image consists of, for this node.
 *
 * @param id the digest of its configuration
 * @param size in bytes, packed as it came: index, manifest, configuration and layers
 * @param user that its processes are, such as {@code 1000:100}; empty: not said
 * @param diffIds the digests of its layers, unpacked
 * @param config the configuration, as JSON
 */
public record ImageContent(
    String id, long size, String user, List<String> diffIds, ByteString config) {

  public ImageContent {
    diffIds = List.copyOf(diffIds);
  }

  /** The name of the snapshot that has all its layers; empty when there are none. */
  public String chainId() {
    return diffIds.stream().reduce(ImageContent::chained).orElse("");
  }

  private static String chained(String below, String layer) {
    try {
      byte[] both = (below + " " + layer).getBytes(StandardCharsets.UTF_8);
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(both);
      return "sha256:" + HexFormat.of().formatHex(sum);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
