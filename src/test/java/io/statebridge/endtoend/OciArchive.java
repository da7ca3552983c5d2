package io.statebridge.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * An image for two platforms, and a manifest of none beside them, as a registry would have it; its
 * processes are a user of their own.
 */
final class OciArchive {
  static final String NAME = "localhost/multi:1";

  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";

  private final Path blobs;

  private OciArchive(Path blobs) {
    this.blobs = blobs;
  }

  /** Writes it; the digest of the configuration for this machine. */
  static String write(Path archive) {
    try (Scratch scratch = Scratch.create()) {
      Path content = Files.createDirectories(scratch.resolve("content"));
      Files.writeString(content.resolve("motd"), "hello");
      Path layer = scratch.resolve("layer.tar");
      Program.mustRun(List.of("tar", "-cf", layer.toString(), "-C", content.toString(), "motd"));
      Path layout = Files.createDirectories(scratch.resolve("layout"));
      OciArchive oci = new OciArchive(Files.createDirectories(layout.resolve("blobs/sha256")));
      Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
      String id = oci.writeImage(layout, Files.readAllBytes(layer));
      Program.mustRun(List.of("tar", "-cf", archive.toString(), "-C", layout.toString(), "."));
      return id;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String writeImage(Path layout, byte[] layer) throws IOException {
    String layerDescriptor = blob("application/vnd.oci.image.layer.v1.tar", layer, "");
    String amd = config("amd64", "1000:100", layer);
    String arm = config("arm64", "web:web", layer);
    String none =
        blob(
            MANIFEST,
            manifest(config("unknown", "", layer), layerDescriptor),
            platform("unknown", "unknown"));
    String index =
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s,%s,%s]}"
            .formatted(
                INDEX,
                none,
                blob(MANIFEST, manifest(arm, layerDescriptor), platform("linux", "arm64")),
                blob(MANIFEST, manifest(amd, layerDescriptor), platform("linux", "amd64")));
    String named = ",\"annotations\":{\"io.containerd.image.name\":\"%s\"}".formatted(NAME);
    Files.writeString(
        layout.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":[%s]}".formatted(blob(INDEX, bytes(index), named)));
    String own = System.getProperty("os.arch").equals("aarch64") ? arm : amd;
    return own.replaceAll(".*\"digest\":\"([^\"]*)\".*", "$1");
  }

  private String config(String architecture, String user, byte[] layer) throws IOException {
    String json =
        """
        {"architecture":"%s","os":"linux","config":{"User":"%s","Cmd":["/bin/sh"],"Env":["A=b"]},
         "rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"made-by":"a test"}
        """
            .formatted(architecture, user, sha256(layer));
    return blob("application/vnd.oci.image.config.v1+json", bytes(json), "");
  }

  private static byte[] manifest(String config, String layer) {
    return bytes(
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
            .formatted(MANIFEST, config, layer));
  }

  private static String platform(String os, String architecture) {
    return ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"}".formatted(os, architecture);
  }

  /** Writes a blob; its descriptor. */
  private String blob(String mediaType, byte[] bytes, String more) throws IOException {
    String hex = sha256(bytes);
    Files.write(blobs.resolve(hex), bytes);
    return "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%d%s}"
        .formatted(mediaType, hex, bytes.length, more);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
