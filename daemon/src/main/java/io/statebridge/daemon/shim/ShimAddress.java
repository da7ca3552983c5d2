package io.statebridge.daemon.shim;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a task's shim listens, and which versions of the task service to try there. What the files
 * say of the version is tried first and is not relied on: a shim answers UNIMPLEMENTED to another.
 *
 * @param socket a path, or a NUL and an abstract name
 * @param services their full names, the likely one first
 */
record ShimAddress(String socket, List<String> services) {
  private static final String UNIX = "unix://";
  private static final String V2 = "containerd.task.v2.Task";
  private static final String V3 = "containerd.task.v3.Task";
  private static final int MAX_FILE_BYTES = 64 << 10;
  private static final JsonFactory JSON = new JsonFactory();

  /**
   * Reads it from the bundle: bootstrap.json (containerd 1.7 and later), or else address.
   *
   * @throws RuntimeFailure NOT_FOUND when there is no such bundle, PERMANENT when the shim speaks
   *     something else, TRANSIENT when a file cannot be read or makes no sense (yet)
   */
  static ShimAddress of(Path bundle) {
    if (!Files.isDirectory(bundle)) {
      throw new RuntimeFailure(Kind.NOT_FOUND, "no bundle at " + bundle);
    }
    Path bootstrap = bundle.resolve("bootstrap.json");
    Path address = bundle.resolve("address");
    try {
      return Files.exists(bootstrap)
          ? fromBootstrap(bootstrap, fields(bootstrap))
          : at(address, text(address).strip(), "2");
    } catch (NoSuchFileException e) {
      throw new RuntimeFailure(
          Kind.TRANSIENT, "neither bootstrap.json nor address is in " + bundle, e);
    } catch (IOException e) {
      throw new RuntimeFailure(Kind.TRANSIENT, "cannot read where a shim listens: " + e, e);
    }
  }

  private static ShimAddress fromBootstrap(Path file, Map<String, String> fields) {
    String protocol = fields.getOrDefault("protocol", "ttrpc");
    if (!protocol.isEmpty() && !protocol.equals("ttrpc")) {
      throw new RuntimeFailure(
          Kind.PERMANENT, "the shim of " + file.getParent() + " speaks " + protocol);
    }
    return at(file, fields.getOrDefault("address", ""), fields.getOrDefault("version", "2"));
  }

  private static ShimAddress at(Path file, String address, String version) {
    if (address.isEmpty()) {
      throw new RuntimeFailure(Kind.TRANSIENT, file + " holds no address");
    }
    List<String> services = version.equals("2") ? List.of(V2, V3) : List.of(V3, V2);
    if (address.startsWith(UNIX)) {
      return new ShimAddress(address.substring(UNIX.length()), services);
    }
    if (address.contains("://")) {
      throw new RuntimeFailure(Kind.PERMANENT, file + " holds no unix socket: " + address);
    }
    // As containerd reads it: without a scheme it is the name of an abstract socket.
    return new ShimAddress("\0" + address, services);
  }

  /** For people. */
  String name() {
    return socket.replace('\0', '@');
  }

  private static String text(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException(file + " is no regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw new IOException(file + " is larger than " + MAX_FILE_BYTES + " bytes");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** The scalar fields of the outermost object. */
  private static Map<String, String> fields(Path file) throws IOException {
    Map<String, String> fields = new HashMap<>();
    try (JsonParser json = JSON.createParser(text(file))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException(file + " holds no JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue()) {
          fields.put(name, json.getText());
        } else {
          json.skipChildren();
        }
      }
    }
    return fields;
  }
}
