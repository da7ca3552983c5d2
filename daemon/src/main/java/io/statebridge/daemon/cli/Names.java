package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import org.jspecify.annotations.Nullable;

/** The API's enum constants by the names that people and scripts see. */
final class Names {
  private Names() {}

  static String of(ContainerState state) {
    return switch (state) {
      case CONTAINER_STATE_CREATED -> "CREATED";
      case CONTAINER_STATE_RUNNING -> "RUNNING";
      case CONTAINER_STATE_EXITED -> "EXITED";
      case CONTAINER_STATE_UNKNOWN, CONTAINER_STATE_UNSPECIFIED, UNRECOGNIZED -> "UNKNOWN";
    };
  }

  /** Null as long as there is no exit. */
  static @Nullable String of(ExitSource source) {
    return switch (source) {
      case EXIT_SOURCE_UNSPECIFIED -> null;
      case EXIT_SOURCE_EVENT -> "EVENT";
      case EXIT_SOURCE_SHIM -> "SHIM";
      case EXIT_SOURCE_WAIT -> "WAIT";
      case EXIT_SOURCE_LISTED -> "LISTED";
      case EXIT_SOURCE_CRI -> "CRI";
      case EXIT_SOURCE_UNKNOWN, UNRECOGNIZED -> "UNKNOWN";
    };
  }
}
