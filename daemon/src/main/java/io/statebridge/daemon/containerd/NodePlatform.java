package io.statebridge.daemon.containerd;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What this node can run, the best first. An image for several platforms has a manifest for each,
 * and containerd takes the same one.
 */
record NodePlatform(List<String> architectures) {

  /** Of the JVM that we run in. */
  static NodePlatform here() {
    return of(System.getProperty("os.arch"));
  }

  static NodePlatform of(String arch) {
    return new NodePlatform(
        switch (arch) {
          case "amd64" -> List.of("amd64", "386");
          case "aarch64" -> List.of("arm64", "arm/v8", "arm/v7", "arm/v6", "arm/v5");
          default -> List.of(arch);
        });
  }

  /** The manifest that is meant for this node, of an index's; one for nobody in particular last. */
  @Nullable JsonNode choose(JsonNode manifests) {
    JsonNode best = null;
    int bestRank = Integer.MAX_VALUE;
    for (JsonNode manifest : manifests) {
      JsonNode platform = manifest.path("platform");
      int rank = platform.isObject() ? rank(platform) : architectures.size();
      if (rank >= 0 && rank < bestRank) {
        best = manifest;
        bestRank = rank;
      }
    }
    return best;
  }

  /** Whether what has these fields, os, architecture and variant, can run here. */
  boolean runs(JsonNode platform) {
    return rank(platform) >= 0;
  }

  private int rank(JsonNode platform) {
    return platform.path("os").asText().equalsIgnoreCase("linux")
        ? architectures.indexOf(normalized(platform))
        : -1;
  }

  /** The words for an architecture vary, and the usual variant may go unsaid. */
  private static String normalized(JsonNode platform) {
    String arch = platform.path("architecture").asText().toLowerCase(Locale.ROOT);
    String variant = platform.path("variant").asText().toLowerCase(Locale.ROOT);
    String numbered = variant.isEmpty() || variant.startsWith("v") ? variant : "v" + variant;
    return switch (arch) {
      case "x86_64", "x86-64", "amd64" -> with("amd64", numbered.equals("v1") ? "" : numbered);
      case "aarch64", "arm64" -> with("arm64", numbered.equals("v8") ? "" : numbered);
      case "arm" -> with("arm", numbered.isEmpty() ? "v7" : numbered);
      case "i386" -> "386";
      default -> with(arch, variant);
    };
  }

  private static String with(String arch, String variant) {
    return variant.isEmpty() ? arch : arch + "/" + variant;
  }
}
