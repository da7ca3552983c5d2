package io.statebridge.daemon.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** What a field of a request may hold, and what a client is told when it holds something else. */
final class Fields {

  /** Of an id, a namespace or an epoch. containerd allows 76 for its ids and namespaces. */
  static final int MAX_NAME = 256;

  /** Of a label's key and value together, as in containerd. */
  static final int MAX_LABEL = 4096;

  private Fields() {}

  static StatusRuntimeException invalid(String field, String problem) {
    return Status.INVALID_ARGUMENT.withDescription(field + " " + problem).asRuntimeException();
  }

  /**
   * @throws StatusRuntimeException INVALID_ARGUMENT that names the field
   */
  static void checkName(String field, String name) {
    if (name.length() > MAX_NAME) {
      throw invalid(field, "is longer than " + MAX_NAME + " characters");
    }
  }

  /** Likewise of each of several, none of which may be empty. */
  static void checkNames(String field, Iterable<String> names, String what) {
    for (String name : names) {
      if (name.isEmpty()) {
        throw invalid(field, "holds an empty " + what);
      }
      if (name.length() > MAX_NAME) {
        throw invalid(field, "holds one that is longer than " + MAX_NAME + " characters");
      }
    }
  }

  /** Likewise of a label. */
  static void checkLabel(String field, String key, String value) {
    if (key.isEmpty()) {
      throw invalid(field, "holds an empty key");
    }
    if (key.length() + value.length() > MAX_LABEL) {
      throw invalid(
          field, "holds one whose key and value are longer than " + MAX_LABEL + " characters");
    }
  }
}
