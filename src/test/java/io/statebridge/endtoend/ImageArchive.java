package io.statebridge.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Two images in one archive, as {@code docker save} writes it, both with the test's root filesystem
 * for their only layer: a pause that sleeps, and a busybox that does what it is asked.
 */
final class ImageArchive {
  static final String BUSYBOX = "localhost/busybox:latest";
  static final String PAUSE = "localhost/pause:latest";

  private ImageArchive() {}

  static void write(Path archive, RootFilesystem rootFilesystem) {
    try (Scratch scratch = Scratch.create()) {
      Path layer = scratch.resolve("layer.tar");
      Program.mustRun(
          List.of("tar", "-cf", layer.toString(), "-C", rootFilesystem.root().toString(), "bin"));
      writeConfig(scratch.resolve("busybox.json"), layer, "\"/bin/sh\"");
      writeConfig(
          scratch.resolve("pause.json"), layer, "\"/bin/busybox\",\"sleep\",\"2000000000\"");
      Files.writeString(
          scratch.resolve("manifest.json"),
          "[%s,%s]".formatted(entry("busybox.json", BUSYBOX), entry("pause.json", PAUSE)));
      Program.mustRun(
          List.of(
              "tar",
              "-cf",
              archive.toString(),
              "-C",
              scratch.directory().toString(),
              "manifest.json",
              "busybox.json",
              "pause.json",
              "layer.tar"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String entry(String config, String tag) {
    return "{\"Config\":\"%s\",\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]}"
        .formatted(config, tag);
  }

  private static void writeConfig(Path file, Path layer, String entrypoint) throws IOException {
    Files.writeString(
        file,
        """
        {"architecture":"%s","os":"linux","config":{"Entrypoint":[%s]},
         "rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}
        """
            .formatted(architecture(), entrypoint, sha256(Files.readAllBytes(layer))));
  }

  /** This machine's, as Go calls it. */
  static String architecture() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
