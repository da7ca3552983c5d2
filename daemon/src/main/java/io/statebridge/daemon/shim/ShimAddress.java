package io.statebridge.daemon.shim;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Where a task's shim listens, and which version of the task service it offers.
 *
 * @param socket a unix socket
 * @param service its full name
 */
record ShimAddress(Path socket, String service) {
  private static final String UNIX = "unix://";
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
          : at(address, Files.readString(address).strip(), "2");
    } catch (NoSuchFileException e) {
      throw new RuntimeFailure(
          Kind.TRANSIENT, "neither bootstrap.json nor address is in " + bundle, e);
    } catch (IOException e) {
      throw new RuntimeFailure(Kind.TRANSIENT, "cannot read where a shim listens: " + e, e);
    }
  }

  private static ShimAddress fromBootstrap(Path file, Map<String, String> fields) {
    String protocol = fields.getOrDefault("protocol", "ttrpc");
    if (!protocol.equals("ttrpc")) {
      throw new RuntimeFailure(
          Kind.PERMANENT, "the shim of " + file.getParent() + " speaks " + protocol);
    }
    return at(file, fields.getOrDefault("address", ""), fields.getOrDefault("version", "2"));
  }

  private static ShimAddress at(Path file, String address, String version) {
    if (address.isEmpty()) {
      throw new RuntimeFailure(Kind.TRANSIENT, file + " holds no address");
    }
    if (!address.startsWith(UNIX)) {
      throw new RuntimeFailure(Kind.PERMANENT, file + " holds no unix socket: " + address);
    }
    if (!version.equals("2") && !version.equals("3")) {
      throw new RuntimeFailure(Kind.PERMANENT, file + " is of an unknown version: " + version);
    }
    return new ShimAddress(
        Path.of(address.substring(UNIX.length())), "containerd.task.v" + version + ".Task");
  }

  /** The scalar fields of the outermost object. */
  private static Map<String, String> fields(Path file) throws IOException {
    Map<String, String> fields = new HashMap<>();
    try (JsonParser json = JSON.createParser(file.toFile())) {
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
