package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.WatchContainersResponse;

/** Prints the messages of a watch as they come. */
sealed interface WatchPrinter permits WatchTable, WatchJson {
  void print(WatchContainersResponse change);
}
